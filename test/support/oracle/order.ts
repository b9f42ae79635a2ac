/** https://hl7.org/fhir/R4/search.html#sort: by several keys; what has no value comes last, whichever way it is sorted. */
import type { Resource } from '../../../resources/resource.ts'
import type { Node } from './expression.ts'
import { amountsOf, codesOf, spansOf, textsOf } from './match.ts'
import { compare, type Decimal, folded } from './values.ts'
import {
  destinationOf,
  NoOpinion,
  parameterOf,
  referencesIn,
  textOf,
  valuesOf,
  type World,
} from './world.ts'

type Key = number | string | Decimal

/** `found` comes in the order of creation, which also breaks ties, in the direction of the last key. */
export function order(world: World, found: Resource[], sort: string): Resource[] {
  const keys = sort
    .split(',')
    .map(key => ({ name: key.replace(/^-/, ''), down: key.startsWith('-') }))
  const rows = found.map((resource, place) => ({
    resource,
    place,
    keys: keys.map(({ name, down }) => keyOf(world, resource, name, down)),
  }))
  const last = keys.at(-1)?.down ? -1 : 1
  rows.sort((a, b) => {
    for (const [index, { down }] of keys.entries()) {
      const [left, right] = [a.keys[index], b.keys[index]]
      if (left === undefined && right === undefined) continue
      if (left === undefined) return 1
      if (right === undefined) return -1
      const difference = compareKeys(left, right)
      if (difference) return down ? -difference : difference
    }
    return (a.place - b.place) * last
  })
  return rows.map(({ resource }) => resource)
}

function compareKeys(a: Key, b: Key): number {
  if (typeof a === 'object' && typeof b === 'object') return compare(a, b)
  if (typeof a === 'string' && typeof b === 'string')
    return Buffer.compare(Buffer.from(a), Buffer.from(b))
  return Number(a) - Number(b) || 0
}

/** The least of its values where it goes up, the greatest where it goes down. */
function keyOf(world: World, resource: Resource, name: string, down: boolean): Key | undefined {
  if (name === '_id') return resource.id
  if (name === '_lastUpdated')
    return Date.parse(textOf((resource.meta as Record<string, unknown> | undefined)?.lastUpdated))
  const facts = parameterOf(resource.resourceType, name)
  const all = valuesOf(resource, facts).flatMap(node => keysOf(node, facts.type, world, down))
  const [best] = all.sort((a, b) => (down ? compareKeys(b, a) : compareKeys(a, b)))
  return best
}

function keysOf(node: Node, type: string, world: World, down: boolean): Key[] {
  switch (type) {
    case 'date':
      return spansOf(node, world.zone).map(({ start, end }) =>
        Number.isFinite(start) ? start : end,
      )
    case 'number':
    case 'quantity':
      return amountsOf(node).flatMap(({ low, high }) => (down ? (high ?? []) : (low ?? [])))
    case 'string':
      return textsOf(node).map(folded).filter(Boolean)
    case 'token':
      return codesOf(node).map(({ code }) => code)
    case 'uri':
      return typeof node.value === 'string' ? [node.value] : []
    case 'reference':
      return referencesIn(node).flatMap(reference => destinationOf(reference, world.base)?.to ?? [])
    default:
      throw new NoOpinion(type)
  }
}

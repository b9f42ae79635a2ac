/** https://hl7.org/fhir/R4/search.html#sort: by several keys; what has no value comes last, whichever way it is sorted. */
import type { Resource } from '../../../resources/resource.ts'
import { narrative, readable } from './ask.ts'
import type { Node } from './expression.ts'
import { amountsOf, codesOf, metresTo, spansOf, textsOf } from './match.ts'
import { compare, type Decimal, folded } from './values.ts'
import {
  destinationOf,
  NoOpinion,
  parameterOf,
  referencesIn,
  split,
  valuesOf,
  type World,
} from './world.ts'

type Key = number | string | Decimal

/** Whether they stand as `_sort` asks, by distance from what is `near`; those with equal keys stand anyhow. */
export function isSorted(
  world: World,
  found: Resource[],
  asked: { _sort?: string; near?: string; _type?: string; _text?: string; _content?: string },
): boolean {
  const { _sort: sort = '', near = '', _type = '', _text = '', _content = '' } = asked
  const words = { _text: wordsOf(_text), _content: wordsOf(_content) }
  const keys = sort.split(',').flatMap(key => {
    const down = key.startsWith('-')
    const names = partsOf(found[0]?.resourceType, key.replace(/^-/, ''))
    return names.map(name => ({ name, down }))
  })
  const rows = found.map(resource =>
    keys.map(({ name, down }) =>
      name === 'near'
        ? distanceOf(resource, near)
        : name === '_score'
          ? -scoreOf(resource, words)
          : keyOf(world, resource, name, down),
    ),
  )
  const ranks = found.map(({ resourceType }) =>
    keys.map(({ name }) => rankOf(name, resourceType, split(_type, ','))),
  )
  return rows.every((row, place) => {
    const next = rows[place + 1]
    if (!next) return true
    for (const [index, { down }] of keys.entries()) {
      const [left, right] = [row[index], next[index]]
      if (left === undefined && right === undefined) continue
      if (left === undefined || right === undefined) return right === undefined
      const [rank = 0, other = 0] = [ranks[place]?.[index], ranks[place + 1]?.[index]]
      if (rank !== other) return rank < other
      const difference = compareKeys(left, right)
      if (difference) return down ? difference > 0 : difference < 0
    }
    return true
  })
}

/** A parameter that is a code of one type and a date of another: by the first of the types that has such a one. */
function rankOf(name: string, type: string, types: string[]): number {
  if (name.startsWith('_') || !types.includes(type)) return 0
  return types.findIndex(each => parameterOf(each, name).type === parameterOf(type, name).type)
}

/** A composite is in the order of its parts. */
function partsOf(type: string | undefined, name: string): string[] {
  if (type === undefined || name.startsWith('_')) return [name]
  const { components } = parameterOf(type, name)
  return components?.map(({ code }) => code) ?? [name]
}

const nothing = Number.NEGATIVE_INFINITY

function compareKeys(a: Key, b: Key): number {
  if (a === nothing || b === nothing) return Number(b === nothing) - Number(a === nothing)
  if (typeof a === 'object' && typeof b === 'object') return compare(a, b)
  if (typeof a === 'string' && typeof b === 'string')
    return Buffer.compare(Buffer.from(a), Buffer.from(b))
  return Number(a) - Number(b)
}

/** What is above a number stands right behind it. */
const behind = ({ units, power }: Decimal): Decimal => ({
  units: units * 10n ** 40n + 1n,
  power: power - 40,
})

/** The words of `a,b` or `a b`: phrases are written elsewhere. */
const wordsOf = (value: string): string[] => [
  ...new Set(folded(value).split(/[ ,]+/).filter(Boolean)),
]

/** One who says both of two words comes before one who says one of them again and again. */
function scoreOf(resource: Resource, words: { _text: string[]; _content: string[] }): number {
  const shares = (['_text', '_content'] as const).flatMap(name => {
    const said = folded(name === '_text' ? narrative(resource) : readable(resource).join(' '))
    return words[name].map(word => {
      const times = said.split(/[^\p{L}\p{M}\p{N}]+/u).filter(one => one.startsWith(word)).length
      return 1 - 1 / (1 + times)
    })
  })
  return Math.round((1e9 * shares.reduce((sum, one) => sum + one, 0)) / shares.length)
}

/** In centimetres, from the nearest of several points. */
function distanceOf(resource: Resource, near: string): number | undefined {
  const nodes = valuesOf(resource, parameterOf(resource.resourceType, 'near'))
  const all = split(near, ',').flatMap(point => nodes.flatMap(node => metresTo(point, node) ?? []))
  return all.length ? Math.round(Math.min(...all) * 100) : undefined
}

/** The least of its values where it goes up, the greatest where it goes down. */
function keyOf(world: World, resource: Resource, name: string, down: boolean): Key | undefined {
  if (name === '_id') return resource.id
  // What is written in one instant still has an order.
  if (name === '_lastUpdated') return world.resources.indexOf(resource)
  const facts = parameterOf(resource.resourceType, name)
  const all = valuesOf(resource, facts).flatMap(node => keysOf(node, facts.type, world))
  const [best] = all.sort((a, b) => (down ? compareKeys(b, a) : compareKeys(a, b)))
  return best
}

/** A range stands where it begins; a time without a beginning where it ends, an amount without one before all others. */
function keysOf(node: Node, type: string, world: World): Key[] {
  switch (type) {
    case 'date':
      return spansOf(node, world.zone).map(({ start, end }) =>
        start === -Infinity ? end - 1 : start,
      )
    case 'number':
    case 'quantity':
      return amountsOf(node).map(({ low, lowOpen }) =>
        low ? (lowOpen ? behind(low) : low) : nothing,
      )
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

/**
 * Chains and _has: what holds of a resource at the other end of a reference. The other end is found first where it is
 * little; else for each batch of candidates. https://hl7.org/fhir/R4/search.html#chaining
 */
import type { Document } from 'mongodb'
import { bySuperseded } from '../collections.ts'
import { valueEntry } from '../values.ts'
import { everything, hintOf, rangeOf } from './drivers.ts'
import { calledIn, filterOf } from './filter.ts'
import { drivenBy, type Source, superseded } from './hits.ts'
import { each, isOpen, type Node, type Relation, replaced } from './nodes.ts'
import { type Plan, planOf } from './plan.ts'
import { aggregate, counted, find, roughly, type Scope, within } from './scope.ts'
import { nameOf, tableOf, telling } from './telling.ts'

/** So many at the other end cost no more than looking at each candidate for one of them. */
const few = 5000

/** With all relations replaced whose other end is little: fewer than `most`. */
export const settled = (where: Node[], scope: Scope, most = few): Promise<Node[]> =>
  each(where, relation => settle(relation, scope, most))

async function settle(relation: Relation, scope: Scope, most: number): Promise<Node> {
  const { param, names } = relation
  const inner = within(scope, relation.kind === 'chain' ? relation.types : [relation.type])
  const where = await settled(relation.where, inner, most)
  const plan = await planOf(where, inner)
  if (!(await isLittle(plan, inner, most))) return { ...relation, where }
  const by = JSON.stringify(relation)
  const find = () =>
    relation.kind === 'chain'
      ? scope.source.found.get(relation, inner, () => calledBy(plan, names, inner))
      : targetsFrom(plan, param, inner)
  const targets = await telling(scope, find, ({ length }) => ({
    step: `find first ${nameOf(relation)}`,
    table: tableOf(plan.driver ?? everything(inner)),
    ...{ estimate: plan.size, rows: length },
  }))
  if (relation.kind === 'chain') return { kind: 'reference', param, targets, by }
  return names === undefined
    ? { kind: 'names', names: targets.filter(target => isOf(target, scope.types)) }
    : { kind: 'reference', param: names, targets, by }
}

const isOf = (target: string, types: string[]): boolean =>
  types.includes(target.slice(0, target.indexOf('/')))

async function isLittle({ driver, size }: Plan, scope: Scope, most: number): Promise<boolean> {
  if (scope.types.length === 0 || size < counted) return true
  if (!driver || most <= counted) return false
  const range = rangeOf(driver, scope)
  return (await roughly(scope, range, { hint: hintOf(driver), limit: most })) < most
}

/** What others refer to the hits of a plan by. */
async function calledBy(plan: Plan, names: string | undefined, scope: Scope): Promise<string[]> {
  if (names !== undefined) return targetsFrom(plan, names, scope)
  const versions = await versionsOf(plan, scope)
  return versions.map(version => calledIn(scope, version))
}

const isNothing = ({ driver }: Plan, { types }: Scope): boolean =>
  types.length === 0 || driver?.any.length === 0

const closed = (nodes: Node[]): Node[] => nodes.filter(node => !isOpen(node))

function sourceOf({ driver, rest, all }: Plan, scope: Scope): Source {
  return driver ? { driver, rest: closed(rest) } : { driver: everything(scope), rest: closed(all) }
}

/** Heaps of ids that come as one document each: to read a document takes longer than an id, and one holds 16 MB. */
const heaps = 61

async function idsOf(scope: Scope, filter: Document, hint: Document): Promise<string[]> {
  const heap = { _id: { $mod: ['$c', heaps] }, ids: { $push: '$_id' } }
  const found = await aggregate<{ ids: string[] }>(
    scope,
    [{ $match: filter }, { $group: heap }],
    hint,
  )
  return found.flatMap(({ ids }) => ids)
}

/** All hits of a plan, in no order. */
async function versionsOf(plan: Plan, scope: Scope): Promise<string[]> {
  if (isNothing(plan, scope)) return []
  const source = sourceOf(plan, scope)
  const found = await idsOf(scope, drivenBy(source, scope), hintOf(source.driver))
  if (await scope.past?.changed())
    found.push(...(await idsOf(scope, superseded(closed(plan.all), scope), bySuperseded)))
  const versions = [...new Set(found)]
  return holding(plan.rest.filter(isOpen), versions, scope)
}

/** All that the hits of a plan refer to by a parameter. */
async function targetsFrom(plan: Plan, param: string, scope: Scope): Promise<string[]> {
  if (isNothing(plan, scope)) return []
  if (scope.past || plan.rest.some(isOpen)) {
    const found = await referencesOf(await versionsOf(plan, scope), param, scope)
    return [...new Set([...found.values()].flat())]
  }
  const source = sourceOf(plan, scope)
  const stages = [
    { $match: drivenBy(source, scope) },
    { $project: { to: references(param) } },
    { $unwind: '$to' },
    { $group: { _id: '$to' } },
  ]
  const found = await aggregate<{ _id: string }>(scope, stages, hintOf(source.driver))
  return found.map(({ _id }) => _id)
}

/** So many candidates are looked at together: who refers to more of them would not be one short range each. */
const batches = { chain: 1000, has: 200 }

/** Those of some versions of which all of these hold. */
export async function holding(open: Node[], versions: string[], scope: Scope): Promise<string[]> {
  let left = versions
  for (const node of open) {
    const batch = hasReferrers(node) ? batches.has : batches.chain
    const kept: string[] = []
    for (let from = 0; from < left.length; from += batch)
      kept.push(...(await holdingOne(node, left.slice(from, from + batch), scope)))
    left = kept
  }
  return left
}

function hasReferrers(node: Node): boolean {
  if (node.kind === 'and') return node.all.some(hasReferrers)
  if (node.kind === 'or') return node.any.some(hasReferrers)
  return node.kind === 'not' ? hasReferrers(node.not) : node.kind === 'has'
}

async function holdingOne(node: Node, versions: string[], scope: Scope): Promise<string[]> {
  const told = await replaced(node, relation => among(relation, versions, scope))
  const isNamed = (names: string[]) => {
    const all = new Set(names)
    return (version: string) => all.has(calledIn(scope, version))
  }
  if (told.kind === 'names') return versions.filter(isNamed(told.names))
  if (told.kind === 'not' && told.not.kind === 'names') {
    const is = isNamed(told.not.names)
    return versions.filter(version => !is(version))
  }
  const isNewest = { $and: [{ x: { $exists: true } }, filterOf(told, scope, '')] }
  const was = { $and: [{ old: { $exists: true } }, filterOf(told, scope, 'old.')] }
  const filter = { t: scope.tenant, _id: { $in: versions }, $or: [isNewest, was] }
  const found = await find<{ _id: string }>(scope, filter, {
    hint: { _id: 1 },
    projection: { _id: 1 },
  })
  const all = new Set(found.map(({ _id }) => _id))
  return versions.filter(version => all.has(version))
}

/** Which of some versions have the relation. */
async function among(relation: Relation, versions: string[], scope: Scope): Promise<Node> {
  const { param, where, names } = relation
  if (relation.kind === 'chain') {
    const inner = within(scope, relation.types)
    const own = await referencesOf(versions, param, scope)
    const all = [...new Set([...own.values()].flat())]
    const asked: Node =
      names === undefined
        ? { kind: 'names', names: all.filter(target => isOf(target, relation.types)) }
        : { kind: 'reference', param: names, targets: all }
    const plan = await planOf([...where, asked], inner, neverMind)
    return named(own, await calledBy(plan, names, inner), scope)
  }
  const inner = within(scope, [relation.type])
  const own =
    names === undefined ? namesOf(versions, scope) : await referencesOf(versions, names, scope)
  const targets = [...new Set([...own.values()].flat())]
  const asked: Node = { kind: 'reference', param, targets }
  const plan = await planOf([...where, asked], inner, neverMind)
  return named(own, await targetsFrom(plan, param, inner), scope)
}

const neverMind = { mustKnow: () => false }

const namesOf = (versions: string[], scope: Scope): Map<string, string[]> =>
  new Map(versions.map(version => [version, [calledIn(scope, version)]]))

/** Those that have one of these. */
function named(own: Map<string, string[]>, some: string[], scope: Scope): Node {
  const all = new Set(some)
  const names = [...own].flatMap(([version, each]) =>
    each.some(one => all.has(one)) ? calledIn(scope, version) : [],
  )
  return { kind: 'names', names }
}

/** What each version refers to by a parameter. */
async function referencesOf(
  versions: string[],
  param: string,
  scope: Scope,
): Promise<Map<string, string[]>> {
  const filter = { t: scope.tenant, _id: { $in: versions } }
  const found = await find<{ _id: string; to: string[] }>(scope, filter, {
    hint: { _id: 1 },
    projection: { to: references(param) },
  })
  return new Map(found.map(({ _id, to }) => [_id, to]))
}

function references(param: string): Document {
  const start = { $concat: ['$ty', '.', valueEntry(param, '')] }
  const isOne = { $eq: [{ $indexOfBytes: ['$$this', start] }, 0] }
  const input = { $ifNull: ['$x', { $ifNull: ['$old.x', []] }] }
  const text = { $substrBytes: ['$$this', { $strLenBytes: start }, -1] }
  return { $map: { input: { $filter: { input, cond: isOne } }, in: text } }
}

/**
 * Chains and _has: what holds of a resource at the other end of a reference. The other end is found first where it is
 * little; else for each batch of candidates. https://hl7.org/fhir/R4/search.html#chaining
 */
import type { Document } from 'mongodb'
import { bySuperseded } from '../collections.ts'
import { valueEntry } from '../values.ts'
import { type Driver, everything, hintOf } from './drivers.ts'
import { calledIn, filterOf } from './filter.ts'
import { drivenBy, superseded } from './hits.ts'
import { each, isOpen, type Node, type Relation, replaced } from './nodes.ts'
import { type Plan, planOf } from './plan.ts'
import { aggregate, counted, find, type Scope, within } from './scope.ts'

/** With all relations replaced whose other end is little. */
export const settled = (where: Node[], scope: Scope): Promise<Node[]> =>
  each(where, relation => settle(relation, scope))

async function settle(relation: Relation, scope: Scope): Promise<Node> {
  const { param, names } = relation
  const inner = within(scope, relation.kind === 'chain' ? relation.types : [relation.type])
  const where = await settled(relation.where, inner)
  const plan = await planOf(where, inner)
  if (inner.types.length > 0 && (!plan.driver || plan.size >= counted))
    return { ...relation, where }
  const found = await versionsOf(plan, inner)
  if (relation.kind === 'chain')
    return {
      kind: 'reference',
      param,
      targets: await calledBy(found, names, inner),
    }
  const targets = await targetsOf(found, param, inner)
  return names === undefined
    ? { kind: 'names', names: targets.filter(target => isOf(target, scope.types)) }
    : { kind: 'reference', param: names, targets }
}

const isOf = (target: string, types: string[]): boolean =>
  types.includes(target.slice(0, target.indexOf('/')))

/** What others refer to these by. */
const calledBy = (
  versions: string[],
  names: string | undefined,
  scope: Scope,
): Promise<string[]> | string[] =>
  names === undefined
    ? versions.map(version => calledIn(scope, version))
    : targetsOf(versions, names, scope)

/** All hits of a plan, in no order. */
async function versionsOf(plan: Plan, scope: Scope): Promise<string[]> {
  if (scope.types.length === 0 || plan.driver?.any.length === 0) return []
  const driver: Driver = plan.driver ?? everything(scope)
  const rest = plan.driver ? plan.rest : plan.all
  const closed = (nodes: Node[]) => nodes.filter(node => !isOpen(node))
  const filter = drivenBy({ driver, rest: closed(rest) }, scope)
  const projection = { _id: 1 }
  const found = await find<{ _id: string }>(scope, filter, { hint: hintOf(driver), projection })
  if (scope.past?.changed) {
    const options = { hint: bySuperseded, projection }
    found.push(
      ...(await find<{ _id: string }>(scope, superseded(closed(plan.all), scope), options)),
    )
  }
  const versions = [...new Set(found.map(({ _id }) => _id))]
  return holding(plan.rest.filter(isOpen), versions, scope)
}

/** So many candidates are looked at together. */
const batch = 1000

/** Those of some versions of which all of these hold. */
export async function holding(open: Node[], versions: string[], scope: Scope): Promise<string[]> {
  let left = versions
  for (const node of open) {
    const kept: string[] = []
    for (let from = 0; from < left.length; from += batch)
      kept.push(...(await holdingOne(node, left.slice(from, from + batch), scope)))
    left = kept
  }
  return left
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
    const references = await referencesOf(versions, param, scope)
    const all = [...new Set([...references.values()].flat())]
    const asked: Node =
      names === undefined
        ? { kind: 'names', names: all.filter(target => isOf(target, relation.types)) }
        : { kind: 'reference', param: names, targets: all }
    const found = await versionsOf(await planOf([...where, asked], inner), inner)
    return named(references, await calledBy(found, names, inner), scope)
  }
  const inner = within(scope, [relation.type])
  const own =
    names === undefined ? namesOf(versions, scope) : await referencesOf(versions, names, scope)
  const targets = [...new Set([...own.values()].flat())]
  const asked: Node = { kind: 'reference', param, targets }
  const found = await versionsOf(await planOf([...where, asked], inner), inner)
  return named(own, await targetsOf(found, param, inner), scope)
}

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

/** All that versions refer to by a parameter. */
async function targetsOf(versions: string[], param: string, scope: Scope): Promise<string[]> {
  const found = await referencesOf(versions, param, scope)
  return [...new Set([...found.values()].flat())]
}

/** What each version refers to by a parameter. */
async function referencesOf(
  versions: string[],
  param: string,
  scope: Scope,
): Promise<Map<string, string[]>> {
  const start = { $concat: ['$ty', '.', valueEntry(param, '')] }
  const isOne = { $eq: [{ $indexOfBytes: ['$$this', start] }, 0] }
  const input = { $ifNull: ['$x', { $ifNull: ['$old.x', []] }] }
  const text = { $substrBytes: ['$$this', { $strLenBytes: start }, -1] }
  const references: Document = { $map: { input: { $filter: { input, cond: isOne } }, in: text } }
  const found = await aggregate<{ _id: string; to: string[] }>(
    scope,
    [{ $match: { t: scope.tenant, _id: { $in: versions } } }, { $project: { to: references } }],
    { _id: 1 },
  )
  return new Map(found.map(({ _id, to }) => [_id, to]))
}

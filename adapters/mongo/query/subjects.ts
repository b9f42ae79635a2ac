/**
 * A chain to whom a resource is about, such as `Encounter?subject:Patient.name=sha`: where many are meant, all of the type is
 * gone through in its order, by an index that says whom each is about. Those who are meant are known here. See decision 44.
 */
import { aboutOf, several } from '../../../resources/search/about.ts'
import { isHeldBy } from '../../../resources/search/inside.ts'
import { byEntry, bySubject } from '../collections.ts'
import type { Stored } from '../document.ts'
import { type Driver, everything } from './drivers.ts'
import {
  drivenBy,
  type Found,
  type Hit,
  hitOf,
  projected,
  type Source,
  type Wanted,
} from './hits.ts'
import type { Node } from './nodes.ts'
import { aggregate, find, type Scope } from './scope.ts'

type Key = Pick<Stored, 'k' | 'c'>

/**
 * Whom the driver asks for, where that is all it asks and the index tells it. What it asks of those that are contained is met
 * by those alone that the index tells to be looked at.
 */
export function subjectsOf({ covers: [node, ...more] }: Driver, { types }: Scope): string[] {
  const [type, ...others] = types
  const param = type === undefined || others.length > 0 ? undefined : aboutOf(type)
  if (!node || more.length > 0 || param === undefined) return []
  const [one, ...rest] = armsOf(node).filter(arm => !asksWithin(arm, param))
  return one && rest.length === 0 && isFound(one) && one.param === param ? one.targets : []
}

type FoundNode = Extract<Node, { kind: 'reference' }> & { by: string }

/** Whether it is met only by what holds the one that a parameter leads to. */
function asksWithin(node: Node, param: string): boolean {
  switch (node.kind) {
    case 'and':
      return node.all.some(each => asksWithin(each, param))
    case 'or':
      return node.any.every(each => asksWithin(each, param))
    case 'present':
      return false
    default:
      return 'param' in node && isHeldBy(node.param, param)
  }
}

const armsOf = (node: Node): Node[] => (node.kind === 'or' ? node.any : [node])

const isFound = (node: Node): node is FoundNode =>
  node.kind === 'reference' && node.by !== undefined && node.first === undefined

/** So many are looked at to tell how many of all are about them. */
const sample = 1000

/** About so many have to be gone through for a page; as it was within the last minute. */
export async function toGoThrough(
  subjects: string[],
  { covers }: Driver,
  wanted: Wanted,
  scope: Scope,
): Promise<number> {
  const order = orderOf(wanted)
  const by = covers
    .flatMap(armsOf)
    .filter(isFound)
    .map(node => [node.param, node.by])
  const key = JSON.stringify(['subjects', scope.tenant, scope.types, by, order])
  const met = await scope.source.sizes.get(key, async () => {
    const meant = setOf(subjects)
    const all = await keysFrom(undefined, { order, size: sample }, scope)
    return (all.filter(({ su }) => meant.has(su)).length * sample) / Math.max(all.length, 1)
  })
  return Math.ceil((wanted.count * sample * 1.2) / Math.max(met, 1)) + 10
}

/** Who is kept is asked for again: see found.ts. */
const sets = new WeakMap<string[], ReadonlySet<string>>()

function setOf(subjects: string[]): ReadonlySet<string> {
  const known = sets.get(subjects) ?? new Set(subjects)
  sets.set(subjects, known)
  return known
}

const orderOf = ({ keys: [key], back }: Wanted): 1 | -1 =>
  (key?.descending ?? false) !== back ? -1 : 1

export interface Walk extends Source {
  subjects: string[]
  /** So many are gone through at first. */
  first: number
}

/** So many keys are read at once at most, and so many versions where not all of them are wanted. */
const most = 5000
const heap = 200

/** What is left of so many ms for the next command, where there is another way. */
type Timer = () => { maxTimeMS?: number }

function timer(limit?: number): Timer {
  if (limit === undefined) return () => ({})
  const until = performance.now() + limit
  return () => ({ maxTimeMS: Math.max(1, Math.ceil(until - performance.now())) })
}

/** In the order of the main date. `limit`: ms that it may take. */
export async function hitsAbout(
  { subjects, driver, rest, first }: Walk,
  wanted: Wanted,
  scope: Scope,
  limit: number | undefined,
): Promise<Hit[]> {
  const { after, count, bodies } = wanted
  const order = orderOf(wanted)
  const meant = setOf(subjects)
  const time = timer(limit)
  const hits: Hit[] = []
  let from: Key | undefined = after && { k: Number(after.keys[0]), c: after.rid }
  for (let size = Math.min(most, first); ; size = Math.min(most, size * 2)) {
    const all = await keysFrom(from, { order, size, time }, scope)
    const some = all.filter(({ su }) => su === several || meant.has(su))
    while (some.length > 0 && hits.length < count) {
      const missing = count - hits.length
      const next = some.splice(0, rest.length > 0 ? Math.max(missing, heap) : missing)
      const isSure = scope.source.session !== undefined && next.every(({ su }) => su !== several)
      const found = await versionsAt(
        next,
        { rest: isSure ? rest : [...driver.covers, ...rest], bodies, time },
        scope,
      )
      found.sort((a, b) => order * (a.k - b.k || a.c - b.c))
      hits.push(...found.map(stored => hitOf(stored, { by: 'date' }, bodies)))
    }
    if (hits.length >= count || all.length < size) return hits.slice(0, count)
    from = all.at(-1)
  }
}

/** The next keys of the index, after a place. */
async function keysFrom(
  from: Key | undefined,
  { order, size, time = timer() }: { order: 1 | -1; size: number; time?: Timer },
  scope: Scope,
): Promise<(Key & { su: string })[]> {
  const than = order === 1 ? '$gt' : '$lt'
  const beyond = from ? { k: { [`${than}e`]: from.k } } : {}
  const [type] = scope.types
  const stages = [
    { $match: { t: scope.tenant, ty: type, su: { $gte: '' }, ...beyond } },
    { $sort: { k: order, c: order } },
    ...(from ? [{ $match: { $or: [{ k: { [than]: from.k } }, { c: { [than]: from.c } }] } }] : []),
    { $limit: size },
    // One document of many keys is read faster than many of one.
    { $group: { _id: 1, k: { $push: '$k' }, c: { $push: '$c' }, su: { $push: '$su' } } },
  ]
  const [found] = await aggregate<{ k: number[]; c: number[]; su: string[] }>(
    scope,
    stages,
    bySubject,
    time(),
  )
  if (!found) return []
  return found.k.map((k, at) => ({ k, c: found.c[at] ?? 0, su: found.su[at] ?? '' }))
}

/** Each is a place of its own in the order of all of the type. */
function versionsAt(
  keys: Key[],
  { rest, bodies, time }: { rest: Node[]; bodies: boolean; time: Timer },
  scope: Scope,
): Promise<Found[]> {
  const at = { k: { $in: keys.map(({ k }) => k) }, c: { $in: keys.map(({ c }) => c) } }
  const filter = drivenBy({ driver: everything(scope), rest }, scope, { places: [at] })
  return find<Found>(scope, filter, { hint: byEntry, projection: projected(bodies), ...time() })
}

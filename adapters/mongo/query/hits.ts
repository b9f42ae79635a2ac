/**
 * The hits of a query in their order: read from an index that is in it, or sorted by the database, which keeps no more of
 * them than are asked for. https://hl7.org/fhir/R4/search.html#sort
 */
import type { Document } from 'mongodb'
import { compare, type Position } from '../../../resources/search/order.ts'
import type { Sort } from '../../../resources/search/query.ts'
import { byName, bySuperseded } from '../collections.ts'
import { nameIn, nameOf, resourceIn, type Stored, under } from '../document.ts'
import { isTimeLimit } from '../errors.ts'
import { type VersionDocument, versionFields } from '../read.ts'
import { type Driver, driving, everything, hintOf, isOrdered, isSplit } from './drivers.ts'
import { hidden } from './filter.ts'
import { beyond, inOrder, keysIn, withKeys } from './keys.ts'
import type { Node } from './nodes.ts'
import type { Plan } from './plan.ts'
import { aggregate, counted, find, type Scope } from './scope.ts'

/** What is to be found, and on which side of a place. */
export interface Wanted {
  keys: Sort[]
  back: boolean
  after: Position | undefined
  count: number
  /** The versions themselves are wanted, where they cost no more. */
  bodies: boolean
}

export interface Hit extends Position {
  /** Stored._id */
  version: string
  stored?: VersionDocument
}

/** How hits come: named for those who ask why. */
export interface Way {
  name: 'stream' | 'sort' | 'walk'
  driver: Driver | undefined
  hits(limit?: number): Promise<Hit[]>
}

/** ms that a walk may take where there is another way: what is asked for together is often found together, or never. */
const walkTime = 50

/** The first hits of what a version alone tells, by the most promising way; where that turns out to be long, by the next. */
export async function firstHits(
  plan: Plan,
  wanted: Wanted,
  scope: Scope,
): Promise<{ way?: Way; hits: Hit[] }> {
  if (scope.types.length === 0 || plan.driver?.any.length === 0) return { hits: [] }
  const ways = waysOf(plan, wanted, scope)
  const { way, hits } = await taken(ways, scope)
  if (!scope.past?.changed) return { way, hits: unique(hits) }
  const all = [...hits, ...(await supersededHits(plan.all, wanted, scope))]
  all.sort((a, b) => compare(a, b, wanted.keys, wanted.back))
  return { way, hits: unique(all).slice(0, wanted.count) }
}

/** What changes while it is read may be read as it was and as it is. */
function unique(hits: Hit[]): Hit[] {
  const seen = new Set<number>()
  return hits.filter(({ rid }) => !seen.has(rid) && seen.add(rid))
}

async function taken([way, ...others]: Way[], scope: Scope): Promise<{ way: Way; hits: Hit[] }> {
  if (!way) throw new Error('there is no way to the hits')
  if (others.length === 0) return { way, hits: await way.hits() }
  try {
    return { way, hits: await way.hits(walkTime) }
  } catch (error) {
    if (!isTimeLimit(error)) throw error
    return taken(others, scope)
  }
}

function waysOf(plan: Plan, wanted: Wanted, scope: Scope): Way[] {
  const { driver, size } = plan
  const [key, ...more] = wanted.keys
  const isOne = more.length === 0 && key?.by !== 'value'
  const whole = { driver: everything(scope), rest: plan.all }
  const walk = (hits: Way['hits']): Way => ({ name: 'walk', driver: undefined, hits })
  const sorted = (by: Driver, rest: Node[]): Way => ({
    name: 'sort',
    driver: by,
    hits: () => sortedHits({ driver: by, rest }, wanted, scope),
  })
  const isSmall = driver !== undefined && size < counted
  if (!key || !isOne) return [driver ? sorted(driver, plan.rest) : sorted(whole.driver, whole.rest)]
  const streamed = (by: Driver, rest: Node[], name: Way['name']): Way => ({
    name,
    driver: by,
    hits: limit => streamedHits({ driver: by, rest }, { ...wanted, key }, scope, limit),
  })
  if (key.by === 'id') {
    const ways =
      scope.types.length === 1 && !isSmall
        ? [walk(limit => walkNames(plan, wanted, scope, limit))]
        : []
    return ways.length && !driver
      ? ways
      : [...ways, sorted(driver ?? whole.driver, driver ? plan.rest : whole.rest)]
  }
  const gather =
    driver &&
    streamed(driver, plan.rest, isOrdered(driver) && key.by === 'date' ? 'stream' : 'sort')
  if (gather && (isSmall || gather.name === 'stream')) return [gather]
  const all = key.by === 'date' ? whole.driver : recent
  return [
    walk(limit => streamedHits({ driver: all, rest: plan.all }, { ...wanted, key }, scope, limit)),
    ...(gather ? [gather] : []),
  ]
}

const recent: Driver = { covers: [], in: 'at', any: [{}] }

/** Those that the first page saw, and that it has not shown as they are now. */
const seenThen = ({ past }: Scope): Document[] =>
  past ? [{ s: { $lte: past.seq }, ...(past.seen.length ? { c: { $nin: past.seen } } : {}) }] : []

export interface Source {
  driver: Driver
  rest: Node[]
}

/** All that is in the range of a driver and holds of the rest. */
export const drivenBy = (
  { driver, rest }: Source,
  scope: Scope,
  { places, more = [] }: { places?: Document[]; more?: Document[] } = {},
): Document => {
  const residuals = [...hidden(rest, scope, ''), ...seenThen(scope), ...more]
  const driven = driving(driver, scope, places)
  return residuals.length ? { ...driven, $and: [...(driven.$and ?? []), ...residuals] } : driven
}

type Found = VersionDocument & Pick<Stored, 'c' | 'k'>

const named = { _id: 1, c: 1, k: 1, s: 1, at: 1 }
const all = { ...named, ...versionFields }

/** In the order of fields that an index may end with. */
async function streamedHits(
  source: Source,
  wanted: Wanted & { key: Sort },
  scope: Scope,
  limit: number | undefined,
): Promise<Hit[]> {
  const { key, back, after, count, bodies } = wanted
  const descending = key.descending !== back
  const order = descending ? -1 : 1
  const [major, minor] = key.by === 'date' ? ['k', 'c'] : ['at', 's']
  const isInOrder =
    (key.by === 'date') === (source.driver.in === 'x') && isSplit(source.driver, scope)
  const filter = drivenBy(source, scope, after && beyondPlace(key, after, descending, isInOrder))
  const documents = await find<Found>(scope, filter, {
    hint: hintOf(source.driver),
    projection: bodies ? all : named,
    sort: { [major]: order, [minor]: order },
    limit: count,
    ...(limit === undefined ? {} : { maxTimeMS: limit }),
  })
  return documents.map(stored => hitOf(stored, key, bodies))
}

/** What comes after a place: in a range that is in order, what is like it and what is further are two ranges. */
function beyondPlace(
  { by }: Sort,
  { keys: [key, at], rid }: Position,
  descending: boolean,
  isInOrder: boolean,
): { places: Document[]; more?: Document[] } {
  const [major, minor] = by === 'date' ? [key, rid] : [at, key]
  const fields = by === 'date' ? ['k', 'c'] : ['at', 's']
  const [first = '', second = ''] = fields
  const [further, notYet] = descending ? ['$lt', '$gte'] : ['$gt', '$lte']
  if (isInOrder)
    return {
      places: [
        { [first]: major, [second]: { [further]: minor } },
        { [first]: { [further]: major } },
      ],
    }
  return {
    places: [{ [first]: { [`${further}e`]: major } }],
    more: [{ $nor: [{ [first]: major, [second]: { [notYet]: minor } }] }],
  }
}

/** When it was written stands behind a key by that: it is what the index is in the order of. */
const hitOf = (stored: Found, key: Sort, bodies: boolean): Hit => ({
  version: stored._id,
  rid: stored.c,
  keys: key.by === 'date' ? [stored.k] : [stored.s, stored.at],
  ...(bodies ? { stored } : {}),
})

async function walkNames(
  plan: Plan,
  wanted: Wanted,
  scope: Scope,
  limit: number | undefined,
): Promise<Hit[]> {
  const { keys, back, after, count, bodies } = wanted
  const [type = ''] = scope.types
  const descending = (keys[0]?.descending ?? false) !== back
  const start = nameOf(scope.tenant, type, '').slice(0, -1)
  const range = after ? { [descending ? '$lt' : '$gt']: `${start}/${after.keys[0]}` } : {}
  const n = { ...under(start), ...range }
  const source: Source = { driver: { covers: [], in: 'n', any: [] }, rest: plan.all }
  const documents = await find<Found>(
    scope,
    { ...drivenBy(source, scope), n },
    {
      hint: byName,
      projection: bodies ? all : named,
      sort: { n: descending ? -1 : 1 },
      limit: count,
      ...(limit === undefined ? {} : { maxTimeMS: limit }),
    },
  )
  return documents.map(stored => ({
    ...hitOf(stored, { by: 'date', descending }, bodies),
    keys: [resourceIn(nameIn(stored._id))],
  }))
}

const sortedHits = (source: Source, wanted: Wanted, scope: Scope): Promise<Hit[]> =>
  bySort(drivenBy(source, scope), hintOf(source.driver), { wanted, place: '' }, scope)

/** Versions that are superseded by now, but were not when the first page was read. */
function supersededHits(where: Node[], wanted: Wanted, scope: Scope): Promise<Hit[]> {
  return bySort(superseded(where, scope), bySuperseded, { wanted, place: 'old.' }, scope)
}

export function superseded(where: Node[], scope: Scope): Document {
  const { tenant: t, types, past } = scope
  const seq = past?.seq ?? 0
  return {
    t,
    u: { $gt: seq },
    old: { $exists: true },
    m: { $ne: 'delete' },
    ty: { $in: types },
    s: { $lte: seq },
    c: { $nin: past?.seen ?? [] },
    $and: [{}, ...hidden(where, scope, 'old.')],
  }
}

async function bySort(
  filter: Document,
  hint: Document,
  { wanted, place }: { wanted: Wanted; place: '' | 'old.' },
  scope: Scope,
): Promise<Hit[]> {
  const { keys, back, after, count } = wanted
  const stages = [
    { $match: filter },
    ...withKeys(keys, place),
    ...(after ? [{ $match: beyond(keys, after, back) }] : []),
    { $sort: inOrder(keys, back) },
    { $limit: count },
  ]
  const found = await aggregate(scope, stages, hint)
  return found.map(document => ({
    version: document._id,
    rid: document.c,
    keys: [...keysIn(document, keys), document.at],
  }))
}

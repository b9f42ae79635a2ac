/** By which way the first hits are found: the most promising first, and where it turns out to be long, the next. */
import { compare } from '../../../resources/search/order.ts'
import { isTimeLimit } from '../errors.ts'
import { type Driver, everything, isOrdered } from './drivers.ts'
import {
  type Hit,
  isOfKeys,
  sortedHits,
  sortedKeys,
  streamedHits,
  supersededHits,
  type Wanted,
  walkNames,
} from './hits.ts'
import type { Node } from './nodes.ts'
import { type Plan, restOf, sizesOfEach, sizeUpTo } from './plan.ts'
import { counted, type Scope } from './scope.ts'
import { covered, since, tableOf } from './telling.ts'

/** How hits come: named for those who ask why. */
export interface Way {
  name: 'stream' | 'sort' | 'keys' | 'walk'
  /** Absent: all there is. */
  driver: Driver | undefined
  /** What it does not answer. */
  rest: Node[]
  /** ms that it may take where there is another way. */
  time?: number
  hits(limit?: number): Promise<Hit[]>
}

/** So many are sorted without a question; so many are read rather than asked for twice; so many entries are no list yet. */
const few = { sorted: 50, read: 300, listed: 50 }

/** What is asked for together is often found together, or never. */
const walkTime = 50
/** The same, where what else there is would have to be counted first. */
const shortTime = 10

/**
 * µs of a version that is looked at in its order, of one that is sorted, of a key that is, and of one for each of which there
 * is a range of its own. See decisions 30, 32, 39 and 41.
 */
const cost = { looked: 12, compared: 24, sorted: 20, key: 2, listed: 5 }

/** The first hits of what a version alone tells, by the most promising way; where that turns out to be long, by the next. */
export async function firstHits(
  plan: Plan,
  wanted: Wanted,
  scope: Scope,
): Promise<{ way?: Way; hits: Hit[] }> {
  if (scope.types.length === 0 || plan.driver?.any.length === 0) return { hits: [] }
  const { way, hits } = await taken(plan, wanted, scope)
  const once = unique(hits)
  // What moved while it was read, and was read twice, has taken the place of another.
  if (once.length < hits.length && hits.length >= wanted.count)
    return firstHits(plan, wanted, scope)
  if (!(await scope.past?.changed())) return { way, hits: once }
  const all = [...once, ...(await supersededHits(plan.all, wanted, scope))]
  all.sort((a, b) => compare(a, b, wanted.keys, wanted.back))
  return { way, hits: unique(all).slice(0, wanted.count) }
}

/** What changes while it is read may be read as it was and as it is. */
function unique(hits: Hit[]): Hit[] {
  const seen = new Set<number>()
  return hits.filter(({ rid }) => !seen.has(rid) && seen.add(rid))
}

async function taken(plan: Plan, wanted: Wanted, scope: Scope): Promise<{ way: Way; hits: Hit[] }> {
  for await (const way of waysOf(plan, wanted, scope)) {
    const step = stepOf(way, plan, wanted)
    const began = performance.now()
    try {
      const hits = await way.hits(way.time)
      scope.tell?.({ ...step, rows: hits.length, ms: since(began) })
      return { way, hits }
    } catch (error) {
      if (way.time === undefined || !isTimeLimit(error) || performance.now() > scope.source.until)
        throw error
      scope.tell?.({ ...step, step: `${step.step}, given up`, rows: 0, ms: since(began) })
    }
  }
  throw new Error('there is no way to the hits')
}

function stepOf({ name, driver }: Way, { sizes }: Plan, { count }: Wanted) {
  const { size = counted } = sizes.find(each => each.driver === driver) ?? {}
  return {
    step: `${name} ${driver ? `by ${covered(driver) || 'several'}` : 'all'}`,
    ...(driver ? { table: tableOf(driver) } : {}),
    estimate: Math.min(size, count),
  }
}

async function* waysOf(plan: Plan, wanted: Wanted, scope: Scope): AsyncIterable<Way> {
  const { driver, rest, all, size } = plan
  const [key, ...more] = wanted.keys
  const isSmall = driver !== undefined && size < counted
  const whole = everything(scope)
  const sort: Way = {
    ...{ name: 'sort', driver, rest: driver ? rest : all },
    hits: () => sortedHits({ driver: driver ?? whole, rest: driver ? rest : all }, wanted, scope),
  }
  if (!key || more.length || key.by === 'value' || key.by === 'near' || key.by === 'score')
    return yield sort
  if (key.by === 'id') {
    if (scope.types.length === 1 && !isSmall)
      yield {
        ...{ name: 'walk', driver: undefined, rest: all, ...(driver ? { time: walkTime } : {}) },
        hits: limit => walkNames(plan, wanted, scope, limit),
      }
    return yield sort
  }
  const along: Along = (by, name, time) => {
    const left = by ? restOf(by, all) : all
    const source = { driver: by ?? (key.by === 'date' ? whole : recent), rest: left }
    const asked = { ...wanted, key }
    const streamed = (limit?: number) => streamedHits(source, asked, scope, limit)
    return {
      ...{ name, driver: by, rest: left, ...(time === undefined ? {} : { time }) },
      hits: async limit =>
        (name === 'keys' ? await sortedKeys(source, asked, scope) : undefined) ?? streamed(limit),
    }
  }
  if (key.by === 'date') return yield* byDate(plan, wanted, { along, scope })
  if (!isSmall) yield along(undefined, 'walk', driver ? walkTime : undefined)
  yield along(driver, 'sort')
}

type Along = (by: Driver | undefined, name: Way['name'], time?: number) => Way

const recent: Driver = { covers: [], in: 'at', any: [{}] }

/** In the order of the main date: along the entries that are in it, or all of what is not, sorted. */
async function* byDate(
  { sizes, all }: Plan,
  wanted: Wanted,
  { along, scope }: { along: Along; scope: Scope },
): AsyncIterable<Way> {
  const ordered = least(sizes.filter(({ driver }) => isOrdered(driver)))
  const others = sizes.filter(({ driver }) => !isOrdered(driver))
  const stream = (time?: number) =>
    ordered ? along(ordered.driver, 'stream', time) : along(undefined, 'walk', time)
  if (others.length === 0) return yield stream()
  const isKnown = others.every(({ size }) => size !== undefined)
  if (!isKnown) yield stream(shortTime)
  const other = least(
    isKnown
      ? others
      : await sizesOfEach(
          others.map(({ driver }) => driver),
          scope,
        ),
  )
  if (!other) return
  const { driver } = other
  const size = await sizeIn(other, scope)
  if (ordered?.size !== undefined && ordered.size < counted && ordered.size <= size)
    return yield stream()
  if (size < few.sorted) return yield along(driver, 'sort')
  const source = { driver, rest: restOf(driver, all) }
  const ofKeys = size >= few.read && isOfKeys(source, wanted, scope)
  // How much it is cannot be told: a longer walk shows whether it is much.
  const most = isRange(driver) ? far : counted
  if (size >= most && (ordered?.size ?? counted) >= counted) yield stream(walkTime)
  else if (isKnown) {
    const length = await lengthOf(ordered, scope)
    const isListed = driver.any.length > few.listed
    const each = isRange(driver) && !isListed ? cost.compared : cost.looked
    const looked = Math.min(length, (wanted.count * length) / size) * each
    const sorted = size * (ofKeys ? (isListed ? cost.listed : cost.key) : cost.sorted)
    if (looked < sorted) yield stream(Math.min(walkTime, Math.ceil(5 + sorted / 500)))
  }
  yield along(driver, ofKeys && driver.in === 'd' ? 'keys' : 'sort')
}

const least = (sizes: Plan['sizes']): Plan['sizes'][0] | undefined =>
  sizes.toSorted((a, b) => (a.size ?? counted) - (b.size ?? counted))[0]

/** Entries are counted so far. */
const far = 20_000

/** Whether it is all entries that begin so: one after the other in the index, each compared where they are not. */
const isRange = (driver: Driver): boolean =>
  driver.in === 'x' && driver.any.some(entry => typeof entry !== 'string')

/** Keys of a range are cheap to count. */
async function sizeIn({ driver, size = counted }: Plan['sizes'][0], scope: Scope): Promise<number> {
  if (!isRange(driver) || size < counted) return size
  return sizeUpTo(far, driver, scope)
}

async function lengthOf(ordered: Plan['sizes'][0] | undefined, scope: Scope): Promise<number> {
  if (ordered?.size !== undefined && ordered.size < counted) return ordered.size
  return sizeUpTo(far, ordered?.driver ?? everything(scope), scope)
}

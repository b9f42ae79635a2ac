/** Pages, ids and counts of what a query finds, and how. */
import { keysOf } from '../../resources/search/order.ts'
import { type Place, printPlace } from '../../resources/search/place.ts'
import type { Query } from '../../resources/search/query.ts'
import type { Page, Step, Tenant, Version } from '../../resources/store.ts'
import { countHits, countTold, type Total, totalOf } from './count.ts'
import { nameIn, resourceIn } from './document.ts'
import { answer } from './query/answer.ts'
import { placeOf, scopeAt, scopeOf } from './query/begin.ts'
import type { Driver } from './query/drivers.ts'
import type { Hit, Wanted } from './query/hits.ts'
import type { Node } from './query/nodes.ts'
import { find, type Scope } from './query/scope.ts'
import { whereOf } from './query/units.ts'
import { toVersion, type VersionDocument, versionFields } from './read.ts'
import { type Source, steadily } from './source.ts'

export { countHits, countTold }

const wantedOf = (query: Query, place: Place | undefined, bodies: boolean): Wanted => ({
  keys: keysOf(query.sort),
  back: place?.back ?? false,
  after: place,
  count: query.count + 1,
  bodies,
})

export async function searchPage(source: Source, tenant: Tenant, query: Query): Promise<Page> {
  const place = placeOf(source, query)
  // Before the instant of which it is read.
  const seq = place?.seq ?? (await source.asOf(tenant))
  const total = totalOf(source, tenant, query)
  return steadily(source, then => pageAt(then, tenant, { query, place, seq, total }))
}

interface At {
  query: Query
  place: Place | undefined
  seq: number
  total: Total
}

async function pageAt(source: Source, tenant: Tenant, at: At): Promise<Page> {
  const { query, place, seq } = at
  const scope = await scopeAt(source, tenant, { query, place })
  const where = await whereOf(query, source, tenant)
  const found = await answer(where, wantedOf(query, place, true), scope)
  const more = found.hits.length > query.count
  const hits = found.hits.slice(0, query.count)
  if (place?.back) hits.reverse()
  const versions = await versionsOf(hits, scope)
  const [first, last] = [hits[0], hits.at(-1)]
  const hasNext = place?.back ? true : more
  const hasPrevious = place?.back ? more : place !== undefined
  const seen =
    place?.seen ?? hits.flatMap(({ rid }, at) => ((versions[at]?.seq ?? 0) > seq ? rid : []))
  const print = (hit: Hit, back: boolean) =>
    printPlace({ rid: hit.rid, keys: hit.keys, seq, seen, back })
  const count = () => (hasNext ? at.total(where, { seq, seen }, scope) : versions.length)
  return {
    versions,
    ...(query.total && !place ? { total: await count() } : {}),
    ...(last && hasNext ? { next: print(last, false) } : {}),
    ...(first && hasPrevious ? { previous: print(first, true) } : {}),
  }
}

async function versionsOf(hits: Hit[], scope: Scope): Promise<Version[]> {
  const missing = hits.flatMap(({ version, stored }) => (stored ? [] : version))
  const filter = { t: scope.tenant, _id: { $in: missing } }
  const found = missing.length
    ? await find<VersionDocument>(scope, filter, { hint: { _id: 1 }, projection: versionFields })
    : []
  const all = new Map(found.map(stored => [stored._id, stored]))
  return hits.flatMap(({ version, stored }) => {
    const one = stored ?? all.get(version)
    return one ? toVersion(one) : []
  })
}

/** Ids only, for the checks of a commit. */
export const searchIds = (source: Source, tenant: Tenant, query: Query): Promise<string[]> =>
  steadily(source, async then => {
    const wanted = { ...wantedOf(query, undefined, false), count: query.count }
    const where = await whereOf(query, then, tenant)
    const { hits } = await answer(where, wanted, await scopeOf(then, tenant, query))
    return hits.map(({ version }) => resourceIn(nameIn(version)))
  })

/** Hits are counted so far: that shows whether a condition is narrow. */
const counted = 100_000

const tables: Readonly<Record<Driver['in'], string>> = {
  x: 'entries',
  d: 'dates',
  q: 'amounts',
  g: 'positions',
  w: 'words',
  n: 'names',
  at: 'times',
}

/** How a search is answered, for operators: names, indexes, numbers and times, never a value. */
export async function explainHits(source: Source, tenant: Tenant, query: Query): Promise<Step[]> {
  const scope = await scopeOf(source, tenant, query)
  const timed = async <T>(work: () => Promise<T>): Promise<{ value: T; ms: number }> => {
    const began = performance.now()
    const value = await work()
    return { value, ms: Math.round((performance.now() - began) * 1000) / 1000 }
  }
  const where = await whereOf(query, source, tenant)
  const found = await timed(() => answer(where, wantedOf(query, undefined, false), scope))
  const page = await timed(() => searchPage(source, tenant, query))
  const all = await timed(() => countHits(source, tenant, query, counted))
  const { way, plan, hits } = found.value
  const driver = way?.driver
  return [
    ...plan.sizes.map(({ driver, size }) => ({
      step: `condition ${covered(driver) || 'of several'}`,
      table: tables[driver.in],
      ...(size === undefined ? {} : { estimate: size }),
    })),
    ...(way
      ? [{ step: `${way.name} ${driver ? `by ${covered(driver) || 'several'}` : 'all'}` }]
      : []),
    ...(way?.rest ?? plan.all).map(node => ({
      step: `probe ${nameOf(node)}`,
    })),
    { step: 'find the page', rows: hits.length, ms: found.ms },
    { step: 'find it and read the resources', rows: page.value.versions.length, ms: page.ms },
    {
      step: all.value < counted ? 'count all' : `count up to ${counted}`,
      rows: all.value,
      ms: all.ms,
    },
  ]
}

const covered = ({ covers }: Driver): string => covers.map(nameOf).join(' and ')

/** The kind and parameter of a predicate. */
function nameOf(node: Node): string {
  if (node.kind === 'not') return `not ${nameOf(node.not)}`
  if (node.kind === 'or') {
    // A code in several systems is what was asked for, once.
    const [one, ...others] = new Set(node.any.map(nameOf))
    return one && others.length === 0 ? one : `any of ${node.any.length}`
  }
  return 'param' in node ? `${node.kind} ${node.param}` : node.kind
}

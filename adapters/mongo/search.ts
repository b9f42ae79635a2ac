/** Pages, ids and counts of what a query finds, and how. */
import { keysOf } from '../../resources/search/order.ts'
import { type Place, printPlace } from '../../resources/search/place.ts'
import type { Query } from '../../resources/search/query.ts'
import type { Page, Tenant, Version } from '../../resources/store.ts'
import { countHits, type Total, totalOf } from './count.ts'
import { nameIn, resourceIn } from './document.ts'
import { type Answer, answer } from './query/answer.ts'
import { pastOf, placeOf, scopeAt, scopeOf } from './query/begin.ts'
import type { Hit, Wanted } from './query/hits.ts'
import { isBehind } from './query/past-count.ts'
import { find, type Scope } from './query/scope.ts'
import { telling } from './query/telling.ts'
import { whereOf } from './query/units.ts'
import { toVersion, type VersionDocument, versionFields } from './read.ts'
import { type Source, steadily } from './source.ts'

export { countHits }

const wantedOf = (query: Query, place: Place | undefined, bodies: boolean): Wanted => ({
  keys: keysOf(query.sort),
  back: place?.back ?? false,
  after: place,
  count: query.count + 1,
  bodies,
})

export const searchPage = async (source: Source, tenant: Tenant, query: Query): Promise<Page> =>
  (await foundPage(source, tenant, query)).page

interface FoundPage {
  page: Page
  found: Answer
}

/** The page, and how it was found. */
export async function foundPage(
  source: Source,
  tenant: Tenant,
  query: Query,
  tell?: Scope['tell'],
): Promise<FoundPage> {
  const place = placeOf(source, query)
  // Before the instant of which it is read.
  const isStill = source.still()
  const seq = place?.seq ?? (await source.asOf(tenant))
  const total = totalOf(source, tenant, query)
  return steadily(source, then => pageAt(then, tenant, { query, place, seq, isStill, total, tell }))
}

interface At {
  query: Query
  place: Place | undefined
  seq: number
  isStill: () => boolean
  total: Total
  tell: Scope['tell']
  /** A first page that shows nothing newer than those after it will. */
  isPast?: true
}

async function pageAt(source: Source, tenant: Tenant, at: At): Promise<FoundPage> {
  const { query, place, seq, isStill, tell, isPast } = at
  const now = await scopeAt(source, tenant, { query, place })
  const then = pastOf({ seq }, now)
  const scope = { ...now, ...(isPast ? { past: then } : {}), ...(tell ? { tell } : {}) }
  const where = await whereOf(query, source, tenant)
  const wanted = wantedOf(query, place, true)
  const found = await telling(
    scope,
    () => answer(where, wanted, scope),
    ({ plan: { size }, hits }) => ({
      ...{ step: 'find the page', rows: hits.length },
      estimate: Math.min(size, wanted.count),
    }),
  )
  const more = found.hits.length > query.count
  // What was written in between may have left this page for one after it, which shows what was: it would be on none.
  if (more && !place && !isPast && !isStill() && (await isBehind(then, scope)))
    return pageAt(source, tenant, { ...at, isPast: true })
  const hits = found.hits.slice(0, query.count)
  if (place?.back) hits.reverse()
  const versions = await telling(
    scope,
    () => versionsOf(hits, scope),
    ({ length }) => ({ step: 'read the resources', estimate: hits.length, rows: length }),
  )
  const [first, last] = [hits[0], hits.at(-1)]
  const hasNext = place?.back ? true : more
  const hasPrevious = place?.back ? more : place !== undefined
  const seen =
    place?.seen ?? hits.flatMap(({ rid }, at) => ((versions[at]?.seq ?? 0) > seq ? rid : []))
  const print = (hit: Hit, back: boolean) =>
    printPlace({ rid: hit.rid, keys: hit.keys, seq, seen, back })
  const count = () => (hasNext ? at.total(where, scope) : versions.length)
  const page = {
    versions,
    ...(query.total && !place ? { total: await count() } : {}),
    ...(last && hasNext ? { next: print(last, false) } : {}),
    ...(first && hasPrevious ? { previous: print(first, true) } : {}),
  }
  return { page, found }
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

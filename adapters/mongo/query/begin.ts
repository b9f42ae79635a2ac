/** What a query looks at: the types, and the state that the page sees. */
import { expired } from '../../../resources/error.ts'
import { type Place, parsePlace } from '../../../resources/search/place.ts'
import type { Query } from '../../../resources/search/query.ts'
import type { Tenant } from '../../../resources/store.ts'
import { bySuperseded } from '../collections.ts'
import { limitsOf, type Source } from '../source.ts'
import { linkLife } from '../sweep.ts'
import { find, type Past, type Scope } from './scope.ts'

export async function scopeOf(source: Source, tenant: Tenant, query: Query): Promise<Scope> {
  const types = query.types ?? (await typesOf(source, tenant))
  return { source, tenant, types }
}

/** All that there are or were. */
const typesOf = (source: Source, t: Tenant): Promise<string[]> =>
  source.collections.resource.distinct('ty', { t }, limitsOf(source))

/** Where a page goes on; absent: it is the first. */
export function placeOf(source: Source, { after }: Query): Place | undefined {
  if (after === undefined) return undefined
  const place = parsePlace(after)
  if (place.seq < (source.now() - linkLife) * 1000)
    throw expired('the link to this page is older than an hour: search again')
  return place
}

/** What pages see that go on from a place. */
export const pastOf = ({ seq, seen = [] }: Pick<Place, 'seq' | 'seen'>, scope: Scope): Past => ({
  seq,
  seen,
  async changed() {
    const filter = { t: scope.tenant, u: { $gt: seq }, old: { $exists: true } }
    const [changed] = await find(scope, filter, {
      hint: bySuperseded,
      projection: { _id: 1 },
      limit: 1,
    })
    return changed !== undefined
  },
})

export async function scopeAt(
  source: Source,
  tenant: Tenant,
  { query, place }: { query: Query; place: Place | undefined },
): Promise<Scope> {
  const scope = await scopeOf(source, tenant, query)
  return place ? { ...scope, past: pastOf(place, scope) } : scope
}

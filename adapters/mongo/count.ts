/** How many a query finds. */
import type { Predicate, Query } from '../../resources/search/query.ts'
import type { Tenant } from '../../resources/store.ts'
import { scopeOf } from './query/begin.ts'
import { countAll } from './query/counting.ts'
import type { Scope } from './query/scope.ts'
import { whereOf } from './query/units.ts'
import { type Source, steadily } from './source.ts'

/** How many there are, counted up to a bound. */
export const countHits = (
  source: Source,
  tenant: Tenant,
  query: Query,
  atMost?: number,
): Promise<number> => steadily(source, then => countAt(then, tenant, query, atMost))

async function countAt(
  source: Source,
  tenant: Tenant,
  query: Query,
  atMost: number | undefined,
): Promise<number> {
  const where = await whereOf(query, source, tenant)
  return countAll(where, await scopeOf(source, tenant, query), atMost)
}

/** The same, told again while nothing is written. */
export function countTold(
  source: Source,
  tenant: Tenant,
  query: Query,
  atMost?: number,
): Promise<number> {
  const told = source.counts.begin()
  return steadily(source, then =>
    told(then, { tenant, query, atMost }, () => countAt(then, tenant, query, atMost)),
  )
}

/** How many the pages hold: all there is, or was, where the first one shows what was. */
export type Total = (where: Predicate[], scope: Scope) => Promise<number>

/** Before the instant that the first page is read as of. */
export function totalOf(source: Source, tenant: Tenant, query: Query): Total {
  const told = source.counts.begin()
  const { atMost } = query.total ?? {}
  return (where, scope) => {
    const count = () => countAll(where, scope, atMost)
    return scope.past ? count() : told(scope.source, { tenant, query, atMost }, count)
  }
}

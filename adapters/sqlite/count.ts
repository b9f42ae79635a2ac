/** How many a query finds. */
import { isOwn, type Predicate, type Query } from '../../resources/search/query.ts'
import type { Page, Tenant } from '../../resources/store.ts'
import type { Connection } from './connection.ts'
import { standOf } from './query/found.ts'
import { plan } from './query/plan.ts'
import { probeAll } from './query/probe.ts'
import { asksWhen, type Scope, withSeq } from './query/scope.ts'
import { byDate } from './query/sources.ts'
import { totalsOf } from './read.ts'
import { momentOf, scopeOf, searchPage, whereOf } from './search.ts'
import { bounded, upTo } from './sql.ts'

/** A page, with the total where that is asked of the first: in one transaction both are as of one commit. */
export function pageAndTotal(connection: Connection, tenant: Tenant, query: Query): Page {
  const page = searchPage(connection, tenant, query)
  if (!query.total || query.after !== undefined) return page
  const isAll = page.next === undefined
  const { atMost } = query.total
  const total = isAll ? page.versions.length : countHits(connection, tenant, query, atMost)
  return { ...page, total }
}

/** How many there are, counted up to a bound. */
export function countHits(
  connection: Connection,
  tenant: Tenant,
  query: Query,
  atMost = Number.MAX_SAFE_INTEGER,
): number {
  if (query.where.length === 0 && query.types) {
    const totals = totalsOf(connection, tenant)
    return query.types.reduce((sum, type) => sum + (totals[type] ?? 0), 0)
  }
  const scope = scopeOf(connection, tenant, query, momentOf(connection))
  const where = whereOf(query, connection)
  const key = `${standing(scope, where)} ${atMost} ${tenant} ${JSON.stringify([query.types, where])}`
  // Nothing was written since: the pages of one search, and of those who look at the same, are counted once.
  return connection.counts.get(key, () => countAsOf(scope, where, atMost))
}

/** Another as soon as a count may be another. */
function standing(scope: Scope, where: Predicate[]): string {
  if (where.every(isOwn)) return standOf(scope)
  // Rows come and go without a version, too: whatever another connection writes gives the file another number.
  const data = scope.connection.sql('PRAGMA data_version').get()?.data_version
  return `${scope.seq} ${data}`
}

function countAsOf(scope: Scope, asked: Predicate[], atMost: number): number {
  if (scope.types.length === 0) return 0
  const { connection } = scope
  const { driver, rest } = plan(asked, scope)
  const rows = driver?.from ?? byDate(scope)
  const from = rest.some(asksWhen) ? withSeq(rows, scope) : rows
  const where = probeAll(rest, scope)
  const once = !driver || driver.unique ? 'x.rid' : 'DISTINCT x.rid'
  const { text, values } = bounded({
    text: `SELECT count(*) AS n FROM (SELECT ${once} FROM (${from.text}) x WHERE ${where.text} ${upTo})`,
    values: [...from.values, ...where.values],
  })
  return Number(connection.sql(text).get(...values, atMost)?.n)
}

/** How a search is answered, for operators: names, tables, numbers and times, never a value. */

import { keysOf } from '../../resources/search/order.ts'
import type { Predicate, Query } from '../../resources/search/query.ts'
import type { Step, Tenant } from '../../resources/store.ts'
import type { Connection } from './connection.ts'
import { countHits } from './count.ts'
import { waysOf } from './query/hits.ts'
import { plan } from './query/plan.ts'
import type { Driver } from './query/scope.ts'
import { firstOf, momentOf, scopeOf, searchPage, whereOf } from './search.ts'

/** Hits are counted so far: that shows whether a condition is narrow. */
const counted = 100_000

export function explain(connection: Connection, tenant: Tenant, query: Query): Step[] {
  const scope = scopeOf(connection, tenant, query, momentOf(connection))
  const timed = <T>(work: () => T): { value: T; ms: number } => {
    const began = performance.now()
    const value = work()
    return { value, ms: Math.round((performance.now() - began) * 1000) / 1000 }
  }
  const where = whereOf(query, connection)
  const planned = timed(() => plan(where, scope))
  const { drivers, driver, rest } = planned.value
  const wanted = {
    where,
    keys: keysOf(query.sort),
    back: false,
    after: undefined,
    count: query.count + 1,
  }
  const found = timed(() => firstOf(waysOf(wanted, scope), connection, query.count + 1))
  const page = timed(() => searchPage(connection, tenant, query))
  const all = timed(() => countHits(connection, tenant, query, counted))
  const { way } = found.value
  return [
    { step: 'plan', ms: planned.ms },
    ...drivers.map(conditionOf),
    ...(way ? [{ step: wayOf(way.name, way.driver), ...tableOf(way.driver) }] : []),
    ...(driver && way?.driver ? rest.map(each => ({ step: `probe ${nameOf(each)}` })) : []),
    { step: 'find the page', rows: found.value.hits.length, ms: found.ms },
    { step: 'find it and read the resources', rows: page.value.versions.length, ms: page.ms },
    {
      step: all.value < counted ? 'count all' : `count up to ${counted}`,
      rows: all.value,
      ms: all.ms,
    },
  ]
}

const conditionOf = (driver: Driver): Step => ({
  step: `condition ${driver.covers.map(nameOf).join(' and ') || 'of several'}`,
  table: driver.table,
  estimate: driver.size,
})

const tableOf = (driver: Driver | undefined) =>
  driver ? { table: driver.table, estimate: driver.size } : {}

const wayOf = (name: string, driver: Driver | undefined): string =>
  driver ? `${name} by ${driver.covers.map(nameOf).join(' and ') || 'several'}` : `${name} all`

/** The kind and parameter of a predicate. */
function nameOf(predicate: Predicate): string {
  if (predicate.kind === 'not') return `not ${nameOf(predicate.not)}`
  if (predicate.kind === 'or') return `any of ${predicate.any.length}`
  return 'param' in predicate ? `${predicate.kind} ${predicate.param}` : predicate.kind
}

/** How a search is answered, for operators: names, tables, numbers and times, never a value. */
import type { Predicate, Query } from '../../resources/search/query.ts'
import type { Step, Tenant } from '../../resources/store.ts'
import type { Connection } from './connection.ts'
import { countHits } from './count.ts'
import { plan } from './query/plan.ts'
import { probeAll } from './query/probe.ts'
import {
  asksWhen,
  type Driver,
  type Scope,
  counted as taken,
  totalOf,
  withSeq,
} from './query/scope.ts'
import { byDate } from './query/sources.ts'
import { momentOf, scopeOf, searchPage, whereOf } from './search.ts'
import { bounded, sql, upTo } from './sql.ts'

/** So far hits are counted, and rows of a condition: that shows whether it is narrow. */
const most = { hits: 100_000, rows: 10_000 }

const since = (began: number): number => Math.round((performance.now() - began) * 1000) / 1000

/** The search as it is done, step by step; then what is in each condition, as far as there is time left of so many ms. */
export function explain(
  connection: Connection,
  tenant: Tenant,
  query: Query,
  time: number,
): Step[] {
  const until = performance.now() + time
  const scope = scopeOf(connection, tenant, query, momentOf(connection))
  const began = performance.now()
  const { drivers, driver, rest } = plan(whereOf(query, connection), scope)
  const ms = since(began)
  const all = scope.types.reduce((sum, type) => sum + totalOf(type, scope), 0)
  const whole = Math.min(all, taken)
  const estimate = driver?.size ?? whole
  const ways: Step[] = []
  const drives: (Driver | undefined)[] = []
  const started = performance.now()
  const page = searchPage(connection, tenant, query, (way, some, from) => {
    drives.push(way.driver)
    ways.push({
      step: `${wayOf(way.name, way.driver)}${some ? '' : ', given up'}`,
      ...(way.driver ? { table: way.driver.table } : {}),
      estimate: Math.min(way.driver?.size ?? whole, query.count + 1),
      ...{ rows: some?.length ?? 0, ms: since(from) },
    })
  })
  const found = { rows: page.versions.length, ms: since(started) }
  const counting: Counting = work => countWithin(connection, until, work)
  const asked = [...new Set([...(driver?.covers ?? []), ...rest])]
  const hits = counting(() => countHits(connection, tenant, query, most.hits))
  const rows = Math.max(hits.rows, found.rows)
  return [
    { step: 'plan', estimate, rows, ms },
    ...drivers.map(each => conditionOf(each, counting, scope)),
    ...ways,
    ...drives.slice(-1).flatMap(by => probes({ by, asked, drivers }, counting, scope)),
    {
      step: 'find the page and read the resources',
      ...{ estimate: Math.min(estimate, query.count), ...found },
    },
    {
      step: `${rows < most.hits ? 'count all' : `count up to ${most.hits}`}${hits.end}`,
      ...{ estimate, rows, ms: hits.ms },
    },
  ]
}

interface Counted {
  rows: number
  ms: number
  /** What is to be said where the time did not suffice. */
  end: string
}

type Counting = (work: () => number) => Counted

/** Half of the time that is left may be taken: there is some for what comes then. */
function countWithin(connection: Connection, until: number, work: () => number): Counted {
  const began = performance.now()
  const rows = connection.trial((until - began) / 2, work)
  return { rows: rows ?? 0, ms: since(began), end: rows === undefined ? ', at least' : '' }
}

function conditionOf(driver: Driver, counting: Counting, scope: Scope): Step {
  const { rows, ms, end } = counting(() => sizeOf(driver, scope))
  return {
    step: `condition ${driver.covers.map(nameOf).join(' and ') || 'of several'}${end}`,
    table: driver.table,
    estimate: driver.size,
    ...{ rows, ms },
  }
}

interface Probed {
  /** Absent: all of the types. */
  by: Driver | undefined
  asked: Predicate[]
  drivers: Driver[]
}

/** What is left to be looked at: how many have it, of the first ones that come by what drives. */
function probes({ by, asked, drivers }: Probed, counting: Counting, scope: Scope): Step[] {
  const left = asked.filter(each => !by?.covers.includes(each))
  if (left.length === 0) return []
  const looked = counting(() => sizeOf(by, scope))
  return left.map(each => {
    const alone = drivers.find(({ covers }) => covers.length === 1 && covers[0] === each)
    const { rows, ms, end } = counting(() => sizeOf(by, scope, [each]))
    return {
      step: `probe ${nameOf(each)} of the first ${looked.rows}${looked.end || end}`,
      estimate: Math.min(looked.rows, alone?.size ?? taken),
      ...{ rows, ms },
    }
  })
}

/** How many have these conditions, of the first that come by what drives. */
function sizeOf(driver: Driver | undefined, scope: Scope, conditions: Predicate[] = []): number {
  if (scope.types.length === 0) return 0
  const rows = driver?.from ?? byDate(scope)
  const first = sql(
    `SELECT DISTINCT f.k AS k, f.rid AS rid FROM (${rows.text}) f ${upTo}`,
    ...rows.values,
    most.rows,
  )
  const from = conditions.some(asksWhen) ? withSeq(first, scope) : first
  const where = probeAll(conditions, scope)
  const { text, values } = bounded(
    sql(
      `SELECT count(*) AS n FROM (${from.text}) x WHERE ${where.text}`,
      ...from.values,
      ...where.values,
    ),
  )
  return Number(scope.connection.sql(text).get(...values)?.n)
}

const wayOf = (name: string, driver: Driver | undefined): string =>
  driver ? `${name} by ${driver.covers.map(nameOf).join(' and ') || 'several'}` : `${name} all`

/** The kind and parameter of a predicate. */
function nameOf(predicate: Predicate): string {
  if (predicate.kind === 'not') return `not ${nameOf(predicate.not)}`
  if (predicate.kind === 'or') return `any of ${predicate.any.length}`
  return 'param' in predicate ? `${predicate.kind} ${predicate.param}` : predicate.kind
}

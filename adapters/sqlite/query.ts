/**
 * From a Query to SQL. One condition drives: a range of one table in the order of its key. All others are probes of the
 * driver's (k, rid). SQLite's planner never chooses.
 */
import { unsupported } from '../../resources/error.ts'
import type { Predicate, Query } from '../../resources/search/query.ts'
import { driverOf } from './query/driver.ts'
import { probe } from './query/probe.ts'
import { type Scope, seqAsOf } from './query/scope.ts'
import { bounded, join, oneOf, type Sql, sql, ticking } from './sql.ts'

/** All that is there of the types, in the order of commits. */
function feed(scope: Scope): Sql {
  const types = oneOf('f.type', scope.types)
  return sql(
    `SELECT f.k AS k, f.rid AS rid, f.seq AS seq FROM feed f WHERE ${ticking('f.seq')} AND ${types.text} AND f.seq <= ?
       AND (f.until = 0 OR f.until > ?)`,
    ...types.values,
    scope.seq,
    scope.seq,
  )
}

/** Whether it looks at a resource's `seq`. */
function asksWhen(predicate: Predicate): boolean {
  if (predicate.kind === 'or') return predicate.any.some(asksWhen)
  if (predicate.kind === 'not') return asksWhen(predicate.not)
  return predicate.kind === 'updated'
}

export interface Position {
  /** The sort key of the last one sent: k, or seq. */
  key: number
  rid: number
}

/** The rids of a query's hits, in order, beginning after a position. A rid may come twice in a row. */
export function compile(query: Query, scope: Scope, after?: Position): Sql {
  const drivers = query.where.map(predicate => driverOf(predicate, scope))
  const known = drivers.filter(driver => driver !== undefined)
  const best = known.sort((a, b) => a.size - b.size || Number(b.ordered) - Number(a.ordered))[0]
  const rest = query.where.filter(
    (_, index) => drivers[index] === undefined || drivers[index] !== best,
  )
  const [sort, ...more] = query.sort
  if (!sort || more.length || sort.by === 'value' || sort.by === 'id')
    throw unsupported('this order is not answered here yet')
  const byDate = sort.by === 'date'
  const needsSeq = !byDate || rest.some(asksWhen)
  const from = best ? (needsSeq ? withSeq(best.from, scope) : best.from) : feed(scope)
  const where = rest.map(predicate => probe(predicate, scope))
  const column = byDate ? 'k' : 'seq'
  const [order, than] = sort.descending ? ['DESC', '<'] : ['ASC', '>']
  if (after) where.push(sql(`(x.${column}, x.rid) ${than} (?, ?)`, after.key, after.rid))
  const all = where.length ? join(where, ' AND ') : sql('1')
  return bounded({
    text: `SELECT x.rid AS rid, x.${column} AS key FROM (${from.text}) x WHERE ${all.text}
       ORDER BY x.${column} ${order}, x.rid ${order}`,
    values: [...from.values, ...all.values],
  })
}

const withSeq = (from: Sql, { seq }: Scope): Sql =>
  sql(
    `SELECT d.k AS k, d.rid AS rid, (SELECT ${seqAsOf('o')} FROM resource o WHERE o.rid = d.rid) AS seq
       FROM (${from.text}) d`,
    seq,
    seq,
    ...from.values,
  )

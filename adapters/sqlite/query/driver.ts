import type { Predicate } from '../../../resources/search/query.ts'
import { never, oneOf, type Sql, sql, ticking, unionAll } from '../sql.ts'
import { isOfRows } from './conditions.ts'
import { type Rows, rowsOf } from './rows.ts'
import { ridsById, type Scope, seqAsOf, visible } from './scope.ts'

/** How many rows a condition's range has, as far as it matters. */
const probed = 1000

export interface Driver {
  from: Sql
  ordered: boolean
  size: number
}

export function driverOf(predicate: Predicate, scope: Scope): Driver | undefined {
  if (predicate.kind === 'id') return idDriver(predicate.ids, scope)
  if (predicate.kind === 'or') return orDriver(predicate.any, scope)
  if (!isOfRows(predicate)) return undefined
  const rows = rowsOf(predicate, 'r', scope)
  if (!rows) return { from: sql('SELECT 0 AS k, 0 AS rid WHERE 0'), ordered: true, size: 0 }
  const seen = visible('r', scope.seq)
  const from = sql(
    `SELECT r.k AS k, r.rid AS rid FROM ${rows.table} r WHERE ${ticking('r.rid')} AND ${rows.where.text} AND ${seen.text}`,
    ...rows.where.values,
    ...seen.values,
  )
  return { from, ordered: rows.ordered, size: sizeOf(rows, scope) }
}

/** Of the range, not of the hits in it: to find a thousand hits, all rows may have to be looked at. */
function sizeOf({ table, range }: Rows, { connection }: Scope): number {
  const row = connection
    .sql(`SELECT count(*) AS n FROM (SELECT 1 FROM ${table} r WHERE ${range.text} LIMIT ${probed})`)
    .get(...range.values)
  return Number(row?.n)
}

/** The newest version that is not deleted, of these resources. */
function idDriver(ids: string[], scope: Scope): Driver {
  const rids = ids.flatMap(id => ridsById(id, scope))
  const where = rids.length ? oneOf('o.rid', rids) : never
  const from = sql(
    `SELECT f.k AS k, o.rid AS rid FROM resource o CROSS JOIN feed f ON f.type = o.type AND f.seq = ${seqAsOf('o')}
       WHERE ${where.text} AND (f.until = 0 OR f.until > ?)`,
    scope.seq,
    scope.seq,
    ...where.values,
    scope.seq,
  )
  return { from, ordered: false, size: rids.length }
}

function orDriver(any: Predicate[], scope: Scope): Driver | undefined {
  const drivers = any.map(each => driverOf(each, scope))
  const some = drivers.filter(driver => driver !== undefined)
  if (some.length < drivers.length || some.length === 0) return undefined
  return {
    from: unionAll(some.map(({ from }) => from)),
    ordered: false,
    size: some.reduce((sum, { size }) => sum + size, 0),
  }
}

/** All that is there of some types, in the three orders in which it can be walked. */
import { everything } from '../message.ts'
import { join, never, oneOf, type Sql, sql, ticking } from '../sql.ts'
import { paramsOf } from './rows.ts'
import { current, type Scope, standing, visible } from './scope.ts'

/** In the order of the main date. */
export function byDate(scope: Scope): Sql {
  const params = paramsOf(scope, everything)
  if (params.length === 0) return sql('SELECT 0 AS k, 0 AS rid, 0 AS subject WHERE 0')
  const where = join(
    [sql(ticking('r.rid')), oneOf('r.param', params), sql("r.code = ''"), visible('r', scope)],
    ' AND ',
  )
  return sql(
    `SELECT r.k AS k, r.rid AS rid, r.subject AS subject FROM token r WHERE ${where.text}`,
    ...where.values,
  )
}

/** In the order of commits. */
export function byCommit(scope: Scope): Sql {
  const types = scope.types.length ? oneOf('f.type', scope.types) : never
  const seen = current(scope)
  return sql(
    `SELECT f.k AS k, f.rid AS rid, f.seq AS seq FROM feed f WHERE ${ticking('f.seq')} AND ${types.text} AND ${seen.text}`,
    ...types.values,
    ...seen.values,
  )
}

/** By id, from a place on. */
export function byId(scope: Scope, after: string | undefined, descending: boolean): Sql {
  const types = scope.types.length ? oneOf('o.type', scope.types) : never
  const beyond = after === undefined ? [] : [sql(`o.id ${descending ? '<=' : '>='} ?`, after)]
  const which = join([types, ...beyond, sql(ticking('o.rid'))], ' AND ')
  return standing(which, scope)
}

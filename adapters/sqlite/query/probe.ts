import type { Comparable, Predicate } from '../../../resources/search/query.ts'
import { everything } from '../message.ts'
import { among, either, every, join, never, oneOf, type Sql, sql } from '../sql.ts'
import { probeChain, probeHas } from './relations.ts'
import { paramsOf, rowsGiven, rowsOfAll } from './rows.ts'
import { ridsById, type Scope, seqBetween, shapesOf, typeIds, visible } from './scope.ts'
import { sayers } from './words.ts'

const always = sql('1')

export const probeAll = (where: Predicate[], scope: Scope): Sql =>
  where.length ? every(where.map(each => probe(each, scope))) : always

/** Whether the resource `scope.row` (columns k, rid, seq) satisfies the predicate. */
export function probe(predicate: Predicate, scope: Scope): Sql {
  const x = scope.row
  switch (predicate.kind) {
    case 'id': {
      const rids = predicate.ids.flatMap(id => ridsById(id, scope.types, scope))
      return rids.length ? among(`${x}.rid`, rids) : never
    }
    case 'updated':
      return seqBetween(scope.row, predicate, scope)
    case 'and':
      return probeAll(predicate.all, scope)
    case 'or':
      return predicate.any.length ? either(predicate.any.map(each => probe(each, scope))) : never
    case 'not': {
      const inner = probe(predicate.not, scope)
      return sql(`NOT (${inner.text})`, ...inner.values)
    }
    case 'type': {
      const types = typeIds(scope, predicate.types)
      if (types.length === 0) return never
      const one = oneOf('o.type', types)
      return sql(
        `EXISTS(SELECT 1 FROM resource o WHERE o.rid = ${x}.rid AND ${one.text})`,
        ...one.values,
      )
    }
    case 'present':
      return present(predicate.param, scope)
    case 'other':
      return other(predicate.than, scope)
    case 'chain':
      return probeChain(predicate, scope)
    case 'has':
      return probeHas(predicate, scope)
    case 'amount':
      throw new Error('an amount in any unit is no condition of a row')
    case 'words': {
      const rids = sayers(predicate, scope)
      return sql(`${x}.rid IN (${rids.text})`, ...rids.values)
    }
    default: {
      const row = scope.alias()
      const rows = rowsGiven(predicate, row, scope)
      if (!rows) return never
      const key =
        rows.table === 'value'
          ? `${row}.rid = ${x}.rid`
          : `${row}.k = ${x}.k AND ${row}.rid = ${x}.rid`
      return exists(`${rows.table} ${row}`, [sql(key), rows.where, visible(row, scope)])
    }
  }
}

function exists(from: string, conditions: Sql[]): Sql {
  const where = join(conditions, ' AND ')
  return sql(`EXISTS(SELECT 1 FROM ${from} WHERE ${where.text})`, ...where.values)
}

/** It has a row of the parameter that is not so. Where rows do not stand by resource, all are gone through once. */
function other(than: Comparable, scope: Scope): Sql {
  const row = scope.alias()
  const { table, params, where } = rowsOfAll(than, row, scope)
  if (params.length === 0) return never
  const all = [oneOf(`${row}.param`, params), visible(row, scope)]
  if (where) all.push(sql(`NOT (${where.text})`, ...where.values))
  if (table === 'value')
    return exists(`value ${row}`, [sql(`${row}.rid = ${scope.row}.rid`), ...all])
  const some = join(all, ' AND ')
  return sql(
    `${scope.row}.rid IN (SELECT ${row}.rid FROM ${table} ${row} WHERE ${some.text})`,
    ...some.values,
  )
}

/** By the row that says which parameters a resource has. */
function present(param: string, scope: Scope): Sql {
  const params = paramsOf(scope, everything)
  const shapes = shapesOf(scope).flatMap(({ id, has }) => (has.includes(param) ? [id] : []))
  if (shapes.length === 0 || params.length === 0) return never
  const row = scope.alias()
  return exists(`token ${row}`, [
    oneOf(`${row}.param`, params),
    sql(`${row}.code = '' AND ${row}.k = ${scope.row}.k AND ${row}.rid = ${scope.row}.rid`),
    among(`${row}.system`, shapes),
    visible(row, scope),
  ])
}

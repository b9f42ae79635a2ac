import { unsupported } from '../../../resources/error.ts'
import type { Predicate } from '../../../resources/search/query.ts'
import { firstSeqAt } from '../instant.ts'
import { either, join, never, oneOf, type Sql, sql } from '../sql.ts'
import { rowsOf } from './rows.ts'
import { ridsById, type Scope, visible } from './scope.ts'

/** Whether resource `x` (columns k, rid, seq) satisfies the predicate. */
export function probe(predicate: Predicate, scope: Scope): Sql {
  switch (predicate.kind) {
    case 'id': {
      const rids = predicate.ids.flatMap(id => ridsById(id, scope))
      return rids.length ? oneOf('x.rid', rids) : never
    }
    case 'updated':
      return seqRange(predicate, scope)
    case 'or':
      return predicate.any.length ? either(predicate.any.map(each => probe(each, scope))) : never
    case 'not': {
      const inner = probe(predicate.not, scope)
      return sql(`NOT (${inner.text})`, ...inner.values)
    }
    case 'type': {
      const types = predicate.types.flatMap(
        type => scope.connection.typeId(scope.tenant, type) ?? [],
      )
      const one = oneOf('o.type', types)
      return types.length
        ? sql(`EXISTS(SELECT 1 FROM resource o WHERE o.rid = x.rid AND ${one.text})`, ...one.values)
        : never
    }
    case 'and':
      return predicate.all.length
        ? join(
            predicate.all.map(each => probe(each, scope)),
            ' AND ',
          )
        : sql('1')
    case 'present':
    case 'codes':
    case 'label':
    case 'chain':
    case 'has':
    case 'words':
    case 'near':
      throw unsupported(`a search of the kind ${predicate.kind} is not answered here yet`)
    default: {
      const row = scope.alias()
      const rows = rowsOf(predicate, row, scope, true)
      if (!rows) return never
      const key =
        rows.table === 'value' ? `${row}.rid = x.rid` : `${row}.k = x.k AND ${row}.rid = x.rid`
      const seen = visible(row, scope.seq)
      return sql(
        `EXISTS(SELECT 1 FROM ${rows.table} ${row} WHERE ${key} AND ${rows.where.text} AND ${seen.text})`,
        ...rows.where.values,
        ...seen.values,
      )
    }
  }
}

function seqRange({ from, to }: { from?: number; to?: number }, scope: Scope): Sql {
  const first = (instant: number) => firstSeqAt(scope.connection, instant, scope.seq + 1)
  const parts = [
    ...(from === undefined ? [] : [sql('x.seq >= ?', first(from))]),
    ...(to === undefined ? [] : [sql('x.seq < ?', first(to + 1))]),
  ]
  return parts.length ? join(parts, ' AND ') : sql('1')
}

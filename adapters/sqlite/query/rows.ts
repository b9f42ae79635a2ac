/** Where a predicate's rows stand. */
import type { Token } from '../../../resources/search/query.ts'
import { join, oneOf, type Sql } from '../sql.ts'
import { conditions, type RowPredicate } from './conditions.ts'
import { ridOf, type Scope } from './scope.ts'

/** The numbers of a parameter in each type; of a composite, those of every first part that is asked for. */
function paramsOf({ types, connection }: Scope, code: string, first?: Token): number[] {
  if (first && (first.code === undefined || first.system === undefined))
    return types.flatMap(type =>
      connection
        .sql('SELECT id, first FROM param WHERE type = ? AND code = ?')
        .all(type, code)
        .filter(row => isFirst(String(row.first), first))
        .map(({ id }) => Number(id)),
    )
  const text = first ? `${first.system}|${first.code}` : ''
  return types.map(type => connection.paramId(type, code, text)).filter(id => id !== undefined)
}

/** No system has a | in it. */
function isFirst(text: string, { code, system }: Token): boolean {
  const cut = text.indexOf('|')
  if (cut < 0) return false
  return (
    (system === undefined || text.slice(0, cut) === system) &&
    (code === undefined || text.slice(cut + 1) === code)
  )
}

/** Where a predicate's rows stand: the table, and what must hold of `row`. Absent: nothing can match. */
export interface Rows {
  table: string
  /** What the key answers: rows outside of it are not even looked at. */
  range: Sql
  where: Sql
  /** The rows come in the order of `k`, because all before it in the key is one value. */
  ordered: boolean
}

/** Kinds whose rows stand in `value` too, by resource. */
const twin: ReadonlySet<string> = new Set(['reference', 'string', 'date', 'quantity'])

/** `given`: the rows of one resource are looked at, not those of all. */
export function rowsOf(
  predicate: RowPredicate,
  row: string,
  scope: Scope,
  given = false,
): Rows | undefined {
  if (predicate.kind === 'refers') return referrers(predicate.targets, row, scope)
  const first = 'first' in predicate ? predicate.first : undefined
  const params = paramsOf(scope, predicate.param, first)
  if (params.length === 0) return undefined
  const param = oneOf(`${row}.param`, params)
  const table = given && twin.has(predicate.kind) ? 'value' : predicate.kind
  const made = conditions(predicate, { row, table }, scope)
  if (!made) return undefined
  const ordered = made.ordered && params.length === 1
  const range = join([param, ...made.range], ' AND ')
  return { table, range, where: join([range, ...made.rest], ' AND '), ordered }
}

/** Every reference parameter there is: for who refers to a resource at all. */
function referrers(targets: string[], row: string, scope: Scope): Rows | undefined {
  const rids = targets.flatMap(target => ridOf(target, scope))
  if (rids.length === 0) return undefined
  const params = scope.connection
    .sql(
      `SELECT p.id AS id FROM param p WHERE p.type IN (${scope.types.map(() => '?').join(', ')})
         AND EXISTS(SELECT 1 FROM reference r WHERE r.param = p.id)`,
    )
    .all(...scope.types)
    .map(({ id }) => Number(id))
  if (params.length === 0) return undefined
  const range = join([oneOf(`${row}.param`, params), oneOf(`${row}.target`, rids)], ' AND ')
  return { table: 'reference', range, where: range, ordered: false }
}

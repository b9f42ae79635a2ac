/** Where a predicate's rows stand. */
import { firstText, isFirst } from '../../../resources/search/first.ts'
import { longest, twinsOf, withinLength } from '../../../resources/search/long.ts'
import type { Comparable, RowPredicate, Token } from '../../../resources/search/query.ts'
import { join, never, oneOf, type Sql } from '../sql.ts'
import { conditions } from './conditions.ts'
import { ridsOf, type Scope } from './scope.ts'

/** The numbers of a parameter in each type; of a composite, those of every first part that is asked for. */
export function paramsOf({ types, connection }: Scope, code: string, first?: Token): number[] {
  if (first && (first.code === undefined || first.system === undefined))
    return types.flatMap(type =>
      connection
        .sql('SELECT id, first FROM param WHERE type = ? AND code = ?')
        .all(type, code)
        .filter(row => isFirst(first, String(row.first)))
        .map(({ id }) => Number(id)),
    )
  const text = first ? firstText(first.system ?? '', first.code ?? '') : ''
  return types.map(type => connection.paramId(type, code, text)).filter(id => id !== undefined)
}

/** Where a predicate's rows stand: the table, and what must hold of `row`. Absent: nothing can match. */
export interface Rows {
  table: string
  /** What the key answers: rows outside of it are not even looked at. */
  range: Sql
  where: Sql
  /** The rows come in the order of `k`, because all before it in the key is one value. */
  ordered: boolean
  /** A resource has one of them at most. */
  unique: boolean
}

const tables: Readonly<Record<Exclude<RowPredicate['kind'], 'refers'>, string>> = {
  token: 'token',
  codes: 'token',
  label: 'token',
  reference: 'reference',
  string: 'string',
  date: 'date',
  quantity: 'quantity',
  uri: 'uri',
  near: 'position',
}

/** Tables whose rows stand in `value` too, by resource. */
const twin: ReadonlySet<string> = new Set(['reference', 'string', 'date', 'quantity'])

/** Rows of one resource, when it is looked at: `row` is of `value` where they stand there. */
export function rowsGiven(predicate: RowPredicate, row: string, scope: Scope): Rows | undefined {
  if (predicate.kind === 'refers') return referrers(predicate.targets, row, scope)
  const { code, first } = namesOf(predicate)
  return rowsWhere(predicate, { row, params: allParamsOf(scope, code, first), given: true }, scope)
}

/** Rows of all resources: as many ranges as it takes. */
export function rangesOf(predicate: RowPredicate, row: string, scope: Scope): Rows[] {
  if (predicate.kind === 'refers') return [referrers(predicate.targets, row, scope) ?? []].flat()
  const { code, first } = namesOf(predicate)
  const short = { row, params: paramsOf(scope, code, first), given: false }
  if (predicate.kind !== 'date' && predicate.kind !== 'quantity')
    return [rowsWhere(predicate, short, scope) ?? []].flat()
  return twinsOf(code).flatMap((name, twin) => {
    const asked = { ...short, params: paramsOf(scope, name, first) }
    return rowsWhere(withinLength(predicate, longest(twin)), asked, scope) ?? []
  })
}

/** The rows of a parameter, and which of them are so; without `where` none is. */
export function rowsOfAll(
  predicate: Comparable,
  row: string,
  scope: Scope,
): { table: string; params: number[]; where?: Sql } {
  const own = tables[predicate.kind]
  const params = paramsOf(scope, predicate.param)
  const table = twin.has(own) ? 'value' : own
  const rows = rowsGiven(predicate, row, scope)
  return { table, params, ...(rows ? { where: rows.where } : {}) }
}

const namesOf = (predicate: Exclude<RowPredicate, { kind: 'refers' }>) => ({
  code: predicate.kind === 'label' ? `${predicate.param}:text` : predicate.param,
  first: 'first' in predicate ? predicate.first : undefined,
})

/** Whether there ever were any. */
export function hasRows(predicate: RowPredicate, scope: Scope): boolean {
  if (predicate.kind === 'refers') return true
  const { code, first } = namesOf(predicate)
  return allParamsOf(scope, code, first).length > 0
}

/** With the twins for long values. */
export const allParamsOf = (scope: Scope, code: string, first?: Token): number[] =>
  twinsOf(code).flatMap(name => paramsOf(scope, name, first))

function rowsWhere(
  predicate: Exclude<RowPredicate, { kind: 'refers' }>,
  { row, params, given }: { row: string; params: number[]; given: boolean },
  scope: Scope,
): Rows | undefined {
  if (params.length === 0) return undefined
  const own = tables[predicate.kind]
  const table = given && twin.has(own) ? 'value' : own
  const made = conditions(predicate, { row, table, params }, scope)
  if (!made) return undefined
  const one = params.length === 1
  const range = join([oneOf(`${row}.param`, params), ...made.range], ' AND ')
  return {
    table,
    range,
    where: join([range, ...made.rest], ' AND '),
    ordered: made.ordered && one,
    unique: made.unique && one,
  }
}

/** Every reference parameter there is: for who refers to a resource at all. */
function referrers(targets: string[], row: string, scope: Scope): Rows | undefined {
  const rids = ridsOf(targets, scope)
  if (rids.length === 0) return undefined
  const types = scope.types.length ? oneOf('p.type', scope.types) : never
  const params = scope.connection
    .sql(
      `SELECT p.id AS id FROM param p WHERE ${types.text} AND instr(p.code, '>') = 0 AND EXISTS(SELECT 1 FROM reference r WHERE r.param = p.id)`,
    )
    .all(...types.values)
    .map(({ id }) => Number(id))
  if (params.length === 0) return undefined
  const range = join([oneOf(`${row}.param`, params), oneOf(`${row}.target`, rids)], ' AND ')
  return { table: 'reference', range, where: range, ordered: false, unique: false }
}

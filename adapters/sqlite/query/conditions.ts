/** What must hold of one row of a table, for each kind of predicate that has rows. */
import { fold } from '../../../resources/search/fold.ts'
import type { Predicate, StringMatch } from '../../../resources/search/query.ts'
import { type Connection, unitKey } from '../connection.ts'
import { oneOf, type Sql, sql, type Value } from '../sql.ts'
import { ridOf, type Scope } from './scope.ts'

export type RowPredicate = Extract<
  Predicate,
  { kind: 'token' | 'reference' | 'refers' | 'string' | 'uri' | 'date' | 'quantity' }
>

const ofRows: ReadonlySet<Predicate['kind']> = new Set([
  'token',
  'reference',
  'refers',
  'string',
  'uri',
  'date',
  'quantity',
])

export const isOfRows = (predicate: Predicate): predicate is RowPredicate =>
  ofRows.has(predicate.kind)

/** Conditions on the key, in its order, and on what stands behind it. */
export interface Conditions {
  range: Sql[]
  rest: Sql[]
  ordered: boolean
}

export function conditions(
  predicate: Exclude<RowPredicate, { kind: 'refers' }>,
  { row, table }: { row: string; table: string },
  scope: Scope,
): Conditions | undefined {
  const { connection } = scope
  switch (predicate.kind) {
    case 'token': {
      const { code, system } = predicate
      const range = code === undefined ? [] : [sql(`${row}.code = ?`, code)]
      if (system === undefined) return { range, rest: [], ordered: code !== undefined }
      const id = connection.systemId(system)
      if (id === undefined) return undefined
      return { range, rest: [sql(`${row}.system = ?`, id)], ordered: code !== undefined }
    }
    case 'reference': {
      const rids = predicate.targets.flatMap(target => ridOf(target, scope))
      if (rids.length === 0) return undefined
      return {
        range: [oneOf(table === 'value' ? `${row}.low` : `${row}.target`, rids)],
        rest: [],
        ordered: rids.length === 1,
      }
    }
    case 'string':
      return stringConditions(
        predicate,
        table === 'value'
          ? { text: `${row}.low`, exact: `${row}.high` }
          : { text: `${row}.text`, exact: `${row}.exact` },
      )
    case 'uri':
      return uriConditions(predicate, row)
    case 'date':
      return { ...bounds(predicate, row), ordered: false }
    case 'quantity': {
      const unit = unitWhere(predicate, row, connection)
      const { range, rest } = bounds(predicate, row)
      return unit && { range, rest: [...rest, ...unit], ordered: false }
    }
  }
}

function stringConditions(
  { text, match }: { text: string; match: StringMatch },
  column: { text: string; exact: string },
): Conditions {
  if (match === 'contains')
    return { range: [], rest: [sql(`instr(${column.text}, ?) > 0`, text)], ordered: false }
  if (match === 'ends')
    return {
      range: [],
      rest: [sql(`substr(${column.text}, -length(?)) = ?`, text, text)],
      ordered: false,
    }
  if (match === 'equals')
    return { range: [sql(`${column.text} = ?`, text)], rest: [], ordered: true }
  if (match === 'starts')
    return {
      range: [sql(`${column.text} >= ? AND ${column.text} < ?`, text, `${text}\u{10ffff}`)],
      rest: [],
      ordered: false,
    }
  const folded = fold(text)
  // An empty `exact` says that the text is written as it is folded.
  const exact = sql(`${column.exact} = ?`, text === folded ? '' : text)
  return { range: [sql(`${column.text} = ?`, folded)], rest: [exact], ordered: true }
}

function uriConditions(
  { uri, match }: { uri: string; match: 'exact' | 'below' | 'above' },
  row: string,
): Conditions {
  if (match === 'exact') return { range: [sql(`${row}.uri = ?`, uri)], rest: [], ordered: true }
  if (match === 'above')
    return { range: [oneOf(`${row}.uri`, pathsOf(uri))], rest: [], ordered: false }
  const under = uri.endsWith('/') ? uri : `${uri}/`
  return {
    range: [
      sql(
        `(${row}.uri = ? OR (${row}.uri >= ? AND ${row}.uri < ?))`,
        uri,
        under,
        `${under}\u{10ffff}`,
      ),
    ],
    rest: [],
    ordered: false,
  }
}

/** The uri and every path above it. */
function pathsOf(uri: string): string[] {
  const paths = [uri]
  for (let end = uri.lastIndexOf('/'); end > 0; end = uri.lastIndexOf('/', end - 1))
    paths.push(uri.slice(0, end), uri.slice(0, end + 1))
  return [...new Set(paths)]
}

function bounds(
  predicate: { kind: string; lowFrom?: Value; lowTo?: Value; highFrom?: Value; highTo?: Value },
  row: string,
): Pick<Conditions, 'range' | 'rest'> {
  const { lowFrom, lowTo, highFrom, highTo } = predicate
  // An empty `high` of a quantity says that it is a point.
  const high = (comparison: string, value: Value): Sql =>
    predicate.kind === 'quantity'
      ? sql(
          `((${row}.high <> '' AND ${row}.high ${comparison} ?) OR (${row}.high = '' AND ${row}.low ${comparison} ?))`,
          value,
          value,
        )
      : sql(`${row}.high ${comparison} ?`, value)
  return {
    range: [
      ...(lowFrom === undefined ? [] : [sql(`${row}.low >= ?`, lowFrom)]),
      ...(lowTo === undefined ? [] : [sql(`${row}.low <= ?`, lowTo)]),
    ],
    rest: [
      ...(highFrom === undefined ? [] : [high('>=', highFrom)]),
      ...(highTo === undefined ? [] : [high('<=', highTo)]),
    ],
  }
}

function unitWhere(
  { system, unit }: { system?: string; unit?: string },
  row: string,
  connection: Connection,
): Sql[] | undefined {
  if (unit === undefined && system === undefined) return []
  if (system !== undefined && unit !== undefined) {
    const id = connection.systemId(unitKey(system, unit))
    return id === undefined ? undefined : [sql(`${row}.unit = ?`, id)]
  }
  const pattern = unit === undefined ? [`${system}|`, `${system}|\u{10ffff}`] : undefined
  const ids = pattern
    ? connection.sql('SELECT id FROM system WHERE uri >= ? AND uri < ?').all(...pattern)
    : connection
        .sql("SELECT id FROM system WHERE substr(uri, instr(uri, '|') + 1) = ?")
        .all(unit ?? '')
  return ids.length
    ? [
        oneOf(
          `${row}.unit`,
          ids.map(({ id }) => Number(id)),
        ),
      ]
    : undefined
}

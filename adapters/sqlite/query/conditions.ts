/** What must hold of one row of a table, for each kind of predicate that has rows. */
import { fold } from '../../../resources/search/fold.ts'
import type { RowPredicate, StringMatch } from '../../../resources/search/query.ts'
import { pathsOf } from '../../../resources/search/uri.ts'
import { type Connection, unitKey, unitsStart } from '../connection.ts'
import { among, oneOf, type Sql, sql, type Value } from '../sql.ts'
import { ridsOf, type Scope } from './scope.ts'
import { textsWith } from './texts.ts'

/** Conditions on the key, in its order, and on what stands behind it. */
interface Conditions {
  range: Sql[]
  rest: Sql[]
  /** The key is one value, so the rows come in the order of `k`. */
  ordered: boolean
  /** A resource has one such row at most. */
  unique: boolean
}

/** The row asked about: its table, and the parameters it may be of. */
interface Asked {
  row: string
  table: string
  params: number[]
}

const nothing = { rest: [], ordered: false, unique: false }

/** Absent: no row can be so. */
export function conditions(
  predicate: Exclude<RowPredicate, { kind: 'refers' }>,
  asked: Asked,
  scope: Scope,
): Conditions | undefined {
  const { connection } = scope
  const { row, table } = asked
  switch (predicate.kind) {
    case 'token': {
      const { code, system } = predicate
      const range = code === undefined ? [] : [sql(`${row}.code = ?`, code)]
      const one = code !== undefined
      if (system === undefined) return { range, rest: [], ordered: one, unique: false }
      const id = connection.systemId(system)
      if (id === undefined) return undefined
      return { range, rest: [sql(`${row}.system = ?`, id)], ordered: one, unique: one }
    }
    case 'codes': {
      const { codes, system } = predicate
      const id = system === undefined ? undefined : connection.systemId(system)
      if (codes.length === 0 || (system !== undefined && id === undefined)) return undefined
      return {
        range: [among(`${row}.code`, codes)],
        ordered: codes.length === 1,
        unique: false,
        rest: id === undefined ? [] : [sql(`${row}.system = ?`, id)],
      }
    }
    case 'label': {
      const terms = textsWith(
        predicate.text,
        { name: `${predicate.param}:text`, begins: true, ...asked },
        scope,
      )
      return terms.length ? { ...nothing, range: [among(`${row}.code`, terms)] } : undefined
    }
    case 'reference': {
      const rids = ridsOf(predicate.targets, scope)
      if (rids.length === 0) return undefined
      const column = table === 'value' ? `${row}.low` : `${row}.target`
      const one = rids.length === 1
      return { range: [among(column, rids)], rest: [], ordered: one, unique: one }
    }
    case 'string':
      return stringConditions(predicate, asked, scope)
    case 'uri':
      return uriConditions(predicate, row)
    case 'date':
      return { ...nothing, ...bounds(predicate, row) }
    case 'quantity': {
      const unit = unitWhere(predicate, row, connection)
      const made = bounds(predicate, row)
      return unit && { ...nothing, ...made, rest: [...made.rest, ...unit] }
    }
    case 'near':
      return nearConditions(predicate, row)
  }
}

/** Looked for in all texts there are, where the rows of all resources are asked about. */
function stringConditions(
  { param, text, match }: { param: string; text: string; match: StringMatch },
  asked: Asked,
  scope: Scope,
): Conditions | undefined {
  const { row, table } = asked
  const [column, exact] = table === 'value' ? ['low', 'high'] : ['text', 'exact']
  const value = `${row}.${column}`
  switch (match) {
    case 'contains': {
      if (table === 'value')
        return { ...nothing, range: [], rest: [sql(`instr(${value}, ?) > 0`, text)] }
      const texts = textsWith(text, { name: `${param}:contains`, begins: false, ...asked }, scope)
      return texts.length ? { ...nothing, range: [among(value, texts)] } : undefined
    }
    case 'ends':
      return { ...nothing, range: [], rest: [sql(`substr(${value}, -length(?)) = ?`, text, text)] }
    case 'equals':
      return { range: [sql(`${value} = ?`, text)], rest: [], ordered: true, unique: false }
    case 'starts':
      return {
        ...nothing,
        range: [sql(`${value} >= ? AND ${value} < ?`, text, `${text}\u{10ffff}`)],
      }
    case 'exact': {
      const folded = fold(text)
      return {
        range: [sql(`${value} = ?`, folded)],
        // An empty `exact` says that the text is written as it is folded.
        rest: [sql(`${row}.${exact} = ?`, text === folded ? '' : text)],
        ordered: true,
        unique: true,
      }
    }
  }
}

function uriConditions(
  { uri, match }: { uri: string; match: 'exact' | 'below' | 'above' },
  row: string,
): Conditions {
  if (match === 'exact')
    return { range: [sql(`${row}.uri = ?`, uri)], rest: [], ordered: true, unique: true }
  if (match === 'above') return { ...nothing, range: [oneOf(`${row}.uri`, pathsOf(uri))] }
  const under = uri.endsWith('/') ? uri : `${uri}/`
  return {
    ...nothing,
    range: [sql(`${row}.uri >= ? AND ${row}.uri < ?`, uri, `${uri}\u{10ffff}`)],
    rest: [sql(`(${row}.uri = ? OR substr(${row}.uri, 1, length(?)) = ?)`, uri, under, under)],
  }
}

interface Ends {
  lowFrom?: Value
  lowTo?: Value
  highFrom?: Value
  highTo?: Value
}

function bounds(
  predicate: Ends & { kind: string },
  row: string,
): Pick<Conditions, 'range' | 'rest' | 'ordered'> {
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
    // One value of the key: rows come in the order of what follows it.
    ordered: lowFrom !== undefined && lowFrom === lowTo,
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
  const start = unitsStart(system ?? '')
  const pattern = unit === undefined ? [start, `${start}\u{10ffff}`] : undefined
  const ids = pattern
    ? connection.sql('SELECT id FROM system WHERE uri >= ? AND uri < ?').all(...pattern)
    : connection
        .sql("SELECT id FROM system WHERE substr(uri, instr(uri, '|') + 1) = ?")
        .all(unit ?? '')
  const numbers = ids.map(({ id }) => Number(id))
  return numbers.length ? [oneOf(`${row}.unit`, numbers)] : undefined
}

/** Metres of one degree of latitude, the least there are. */
const degree = 110_000

/** A band of latitude, and the distance of what is in it. */
function nearConditions(
  { latitude, longitude, metres }: { latitude: number; longitude: number; metres: number },
  row: string,
): Conditions {
  const slack = metres / degree
  return {
    ...nothing,
    range: [
      sql(`${row}.latitude >= ? AND ${row}.latitude <= ?`, latitude - slack, latitude + slack),
    ],
    rest: [
      sql(`metres(?, ?, ${row}.latitude, ${row}.longitude) <= ?`, latitude, longitude, metres),
    ],
  }
}

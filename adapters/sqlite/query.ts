/**
 * From a Query to SQL. One condition drives: a range of one table in the order of its key. All others are probes of the
 * driver's (k, rid). SQLite's planner never chooses.
 */
import { fold } from '../../resources/search/fold.ts'
import type { Predicate, Query } from '../../resources/search/query.ts'
import type { Tenant } from '../../resources/store.ts'
import { type Connection, targetParts, unitKey } from './connection.ts'
import { firstSeqAt } from './instant.ts'
import {
  bounded,
  either,
  join,
  never,
  oneOf,
  type Sql,
  sql,
  ticking,
  unionAll,
  type Value,
} from './sql.ts'

/** What a query is compiled with: the types it may look at, and the commit number it sees. */
export interface Scope {
  connection: Connection
  tenant: Tenant
  types: number[]
  /** Rows as of this commit. */
  seq: number
  /** A name for one more table, the same for the same query, so that its statement is prepared once. */
  alias(): string
}

/** A row is seen from the commit that brought it until the one that ended it. */
const visible = (row: string, seq: number): Sql =>
  sql(
    `${row}.rid <= ? AND ${row}.since <= ? AND (${row}.until = 0 OR ${row}.until > ?)`,
    seq,
    seq,
    seq,
  )

function paramsOf(scope: Scope, code: string, first = ''): number[] {
  return scope.types
    .map(type => scope.connection.paramId(type, code, first))
    .filter(id => id !== undefined)
}

/** Where a predicate's rows stand: the table, and what must hold of `row`. Absent: nothing can match. */
interface Rows {
  table: string
  /** What the key answers: rows outside of it are not even looked at. */
  range: Sql
  where: Sql
  /** The rows come in the order of `k`, because all before it in the key is one value. */
  ordered: boolean
}

type RowPredicate = Extract<
  Predicate,
  { kind: 'token' | 'reference' | 'refers' | 'string' | 'uri' | 'date' | 'quantity' }
>

function rowsOf(predicate: RowPredicate, row: string, scope: Scope): Rows | undefined {
  if (predicate.kind === 'refers') return referrers(predicate.target, row, scope)
  const first = 'first' in predicate ? predicate.first : undefined
  const params = paramsOf(scope, predicate.param, first)
  if (params.length === 0) return undefined
  const param = oneOf(`${row}.param`, params)
  const made = conditions(predicate, row, scope)
  if (!made) return undefined
  const ordered = made.ordered && params.length === 1
  const range = join([param, ...made.range], ' AND ')
  return { table: predicate.kind, range, where: join([range, ...made.rest], ' AND '), ordered }
}

/** Conditions on the key, in its order, and on what stands behind it. */
interface Conditions {
  range: Sql[]
  rest: Sql[]
  ordered: boolean
}

function conditions(
  predicate: Exclude<RowPredicate, { kind: 'refers' }>,
  row: string,
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
      return { range: [oneOf(`${row}.target`, rids)], rest: [], ordered: rids.length === 1 }
    }
    case 'string':
      return stringConditions(predicate, row)
    case 'uri':
      return { range: [sql(`${row}.uri = ?`, predicate.uri)], rest: [], ordered: true }
    case 'date':
      return { ...bounds(predicate, row), ordered: false }
    case 'quantity': {
      const unit = unitWhere(predicate, row, connection)
      const { range, rest } = bounds(predicate, row)
      return unit && { range, rest: [...rest, ...unit], ordered: false }
    }
  }
}

function ridOf(target: string, { connection, tenant }: Scope): number[] {
  const parts = targetParts(target)
  const type = connection.typeId(tenant, parts.type)
  if (type === undefined) return []
  const row = connection
    .sql('SELECT rid FROM resource WHERE type = ? AND id = ?')
    .get(type, parts.id)
  return row ? [Number(row.rid)] : []
}

/** Every reference parameter there is: for who refers to a resource at all. */
function referrers(target: string, row: string, scope: Scope): Rows | undefined {
  const rids = ridOf(target, scope)
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

function stringConditions(
  { text, match }: { text: string; match: 'starts' | 'exact' },
  row: string,
): Conditions {
  if (match === 'starts')
    return {
      range: [sql(`${row}.text >= ? AND ${row}.text < ?`, text, `${text}\u{10ffff}`)],
      rest: [],
      ordered: false,
    }
  const folded = fold(text)
  // An empty `exact` says that the text is written as it is folded.
  const exact = sql(`${row}.exact = ?`, text === folded ? '' : text)
  return { range: [sql(`${row}.text = ?`, folded)], rest: [exact], ordered: true }
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

const twins: Record<string, string> = {
  string: 'string_of',
  date: 'date_of',
  quantity: 'quantity_of',
}

/** Whether resource `x` (columns k, rid, seq) satisfies the predicate. */
function probe(predicate: Predicate, scope: Scope): Sql {
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
    default: {
      const row = scope.alias()
      const rows = rowsOf(predicate, row, scope)
      if (!rows) return never
      const twin = twins[rows.table]
      const key = twin ? `${row}.rid = x.rid` : `${row}.k = x.k AND ${row}.rid = x.rid`
      const seen = visible(row, scope.seq)
      return sql(
        `EXISTS(SELECT 1 FROM ${twin ?? rows.table} ${row} WHERE ${key} AND ${rows.where.text} AND ${seen.text})`,
        ...rows.where.values,
        ...seen.values,
      )
    }
  }
}

function ridsById(id: string, { connection, types }: Scope): number[] {
  return types.flatMap(type => {
    const row = connection.sql('SELECT rid FROM resource WHERE type = ? AND id = ?').get(type, id)
    return row ? [Number(row.rid)] : []
  })
}

function seqRange({ from, to }: { from?: number; to?: number }, scope: Scope): Sql {
  const first = (instant: number) => firstSeqAt(scope.connection, instant, scope.seq + 1)
  const parts = [
    ...(from === undefined ? [] : [sql('x.seq >= ?', first(from))]),
    ...(to === undefined ? [] : [sql('x.seq < ?', first(to + 1))]),
  ]
  return parts.length ? join(parts, ' AND ') : sql('1')
}

/** How many rows a condition's range has, as far as it matters. */
const probed = 1000

interface Driver {
  from: Sql
  ordered: boolean
  size: number
}

function driverOf(predicate: Predicate, scope: Scope): Driver | undefined {
  if (predicate.kind === 'id') return idDriver(predicate.ids, scope)
  if (predicate.kind === 'updated' || predicate.kind === 'not') return undefined
  if (predicate.kind === 'or') return orDriver(predicate.any, scope)
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
  const where = rids.length ? oneOf('v.rid', rids) : never
  const from = sql(
    `SELECT f.k AS k, v.rid AS rid FROM version v JOIN resource o ON o.rid = v.rid
       CROSS JOIN feed f ON f.type = o.type AND f.seq = v.seq
       WHERE ${where.text} AND f.seq <= ? AND (f.until = 0 OR f.until > ?)`,
    ...where.values,
    scope.seq,
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
  const byDate = query.sort.by === 'date'
  const needsSeq = !byDate || rest.some(asksWhen)
  const from = best ? (needsSeq ? withSeq(best.from, scope) : best.from) : feed(scope)
  const where = rest.map(predicate => probe(predicate, scope))
  const column = byDate ? 'k' : 'seq'
  const [order, than] = query.sort.descending ? ['DESC', '<'] : ['ASC', '>']
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
    `SELECT d.k AS k, d.rid AS rid, (SELECT max(v.seq) FROM version v WHERE v.rid = d.rid AND v.seq <= ?) AS seq
       FROM (${from.text}) d`,
    seq,
    ...from.values,
  )

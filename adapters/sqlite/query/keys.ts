/** Sort keys by parameters: the least value where ascending, the greatest where descending. */
import { parseStored } from '../../../resources/json.ts'
import type { Resource } from '../../../resources/resource.ts'
import { openStart } from '../../../resources/search/instant.ts'
import { leastBetween } from '../../../resources/search/near.ts'
import { type Key, keyOfRows } from '../../../resources/search/order.ts'
import { anyOf } from '../../../resources/search/prefix.ts'
import type { Predicate, Sort } from '../../../resources/search/query.ts'
import { scoreOf } from '../../../resources/search/score.ts'
import { extract, isOwnRows } from '../../../resources/search.ts'
import type { Extract as ExtractOf } from '../../../resources/store.ts'
import { join, oneOf, type Sql, sql, ticking } from '../sql.ts'
import { allParamsOf } from './rows.ts'
import { countOf, type Scope, seqAsOf, typeIds, visible, within } from './scope.ts'

type ByValue = Extract<Sort, { by: 'value' }>
type Near = Extract<Sort, { by: 'near' }>
type Extracted = Pick<ExtractOf, 'rows' | 'narrative' | 'content'>

/** Tables by the value, and the column of the value. */
const ranges: Readonly<
  Record<Exclude<ByValue['kind'], 'reference'>, [table: string, column: string]>
> = {
  token: ['token', 'code'],
  string: ['string', 'text'],
  date: ['date', 'low'],
  quantity: ['quantity', 'low'],
  uri: ['uri', 'uri'],
}

/** Tokens, uris and positions do not stand by their resource: they are read from its body, where it is not one of many. */
type InBody = ByValue & { kind: 'token' | 'uri' }

const isInBody = (sort: Sort): sort is InBody =>
  sort.by === 'value' && (sort.kind === 'token' || sort.kind === 'uri')

/** What of such a key is not R4's own is not made of the body here: it is read from all rows there are. */
const isOwn = (sort: Sort): sort is InBody => isInBody(sort) && sort.params.some(isOwnRows)

function paramsOf({ params, types }: ByValue, scope: Scope): number[] {
  const of = types ? within(scope, scope.row, typeIds(scope, types)) : scope
  return params.flatMap(param => allParamsOf(of, param))
}

/** All rows `r` of some parameters. */
const rowsOf = (params: number[], scope: Scope): Sql =>
  join([sql(ticking('r.rid')), oneOf('r.param', params), visible('r', scope)], ' AND ')

/** Of each resource that has one, the key by a code or address: by all rows there are. */
function keysInRows(sort: InBody, scope: Scope): Map<number, Key> {
  const params = paramsOf(sort, scope)
  if (params.length === 0) return new Map()
  const [table, column] = ranges[sort.kind]
  const where = rowsOf(params, scope)
  const keys = new Map<number, Key>()
  // In the order of the values: the one that decides comes first.
  const rows = scope.connection
    .sql(
      `SELECT r.rid AS rid, r.${column} AS key FROM ${table} r WHERE ${where.text} ORDER BY r.${column} ${sort.descending ? 'DESC' : 'ASC'}`,
    )
    .iterate(...where.values)
  for (const { rid, key } of rows) if (!keys.has(Number(rid))) keys.set(Number(rid), String(key))
  return keys
}

/** The same for distances. */
function distancesInRows({ param, points }: Near, scope: Scope): Map<number, Key> {
  const params = allParamsOf(scope, param)
  if (params.length === 0) return new Map()
  const where = rowsOf(params, scope)
  const keys = new Map<number, Key>()
  const rows = scope.connection
    .sql(`SELECT r.rid AS rid, r.latitude, r.longitude FROM position r WHERE ${where.text}`)
    .iterate(...where.values)
  for (const { rid, latitude, longitude } of rows) {
    const position = { latitude: Number(latitude), longitude: Number(longitude) }
    const apart = leastBetween(points, [position]) ?? Infinity
    keys.set(Number(rid), Math.min(apart, Number(keys.get(Number(rid)) ?? Infinity)))
  }
  return keys
}

/** Keys that stand in no column: each by the resource's number. undefined: it stands in one. */
export function keysBeside(sort: Sort, scope: Scope): ((rid: number) => Key) | undefined {
  if (sort.by === 'score') return rid => scoreOf(sort.phrases, inBody(rid, scope))
  if (sort.by !== 'near' && !isInBody(sort)) return undefined
  const inRows = () => (sort.by === 'near' ? distancesInRows(sort, scope) : keysInRows(sort, scope))
  let keys = isOwn(sort) ? inRows() : undefined
  let bodies = 0
  let worth: number | undefined
  return rid => {
    if (!keys && bodies >= few) {
      worth ??= rowCount(sort, scope) / rowsOfBody
      if (bodies >= worth) keys = inRows()
    }
    if (keys) return keys.get(rid) ?? null
    bodies++
    return (sort.by === 'near' ? distanceTo(sort, rid, scope) : keyInBody(sort, rid, scope)) ?? null
  }
}

/** So many bodies are read before anything is counted, and as many rows of a key in the time of one. */
const few = 100
const rowsOfBody = 10
/** More rows are worth no more bodies. */
const mostCounted = 100_000

function rowCount(sort: InBody | Near, scope: Scope): number {
  const isNear = sort.by === 'near'
  const some = oneOf('r.param', isNear ? allParamsOf(scope, sort.param) : paramsOf(sort, scope))
  const table = isNear ? 'position' : ranges[sort.kind][0]
  const range = sql(`SELECT 1 FROM ${table} r WHERE ${some.text}`, ...some.values)
  return countOf(range, mostCounted, scope)
}

/** The key of resource `x` as a column. */
export function keyColumn(sort: Sort, index: number, scope: Scope): Sql {
  const name = `key${index}`
  if (sort.by === 'date') return sql(`x.k AS ${name}`)
  if (sort.by === 'updated') return sql(`x.seq AS ${name}`)
  if (sort.by === 'id') return sql(`(SELECT o.id FROM resource o WHERE o.rid = x.rid) AS ${name}`)
  if (sort.by !== 'value' || isInBody(sort)) return sql(`NULL AS ${name}`)
  const params = paramsOf(sort, scope)
  if (params.length === 0) return sql(`NULL AS ${name}`)
  const least = sort.descending ? 'max' : 'min'
  const some = oneOf('v.param', params)
  const seen = visible('v', scope)
  const values = [...some.values, ...seen.values]
  if (sort.kind === 'reference')
    return sql(
      `(SELECT ${least}(t.name || '/' || o.id) FROM value v CROSS JOIN resource o ON o.rid = v.low CROSS JOIN type t ON t.id = o.type
         WHERE v.rid = x.rid AND ${some.text} AND ${seen.text}) AS ${name}`,
      ...values,
    )
  return sql(
    `(SELECT ${least}(${placeOf(sort)}) FROM value v WHERE v.rid = x.rid AND ${some.text} AND ${seen.text}) AS ${name}`,
    ...values,
  )
}

/** A range stands where it begins; one whose beginning is not known where it ends, as `k` has it. */
const placeOf = ({ kind }: ByValue): string =>
  kind === 'date' ? `CASE WHEN v.low = ${openStart} THEN v.high ELSE v.low END` : 'v.low'

/** Whether the values of the key are in the order of their rows. */
export function standInOrder(sort: ByValue, scope: Scope): boolean {
  if (sort.kind === 'reference' || isOwn(sort)) return false
  if (sort.kind !== 'date') return true
  const params = paramsOf(sort, scope)
  const some = oneOf('r.param', params)
  return (
    params.length === 0 ||
    scope.connection
      .sql(`SELECT 1 FROM date r WHERE ${some.text} AND r.low = ? LIMIT 1`)
      .get(...some.values, openStart) === undefined
  )
}

/** undefined: it is no key of a body. */
function keyInBody(sort: Sort, rid: number, scope: Scope): Key | undefined {
  if (!isInBody(sort)) return undefined
  return keyOfRows(sort, inBody(rid, scope, sort.types).rows)
}

/** What is known of a resource by its body, where it is of one of these types. */
function inBody(rid: number, scope: Scope, types?: string[]): Extracted {
  const at = seqAsOf('r', scope)
  const row = scope.connection
    .sql(
      `SELECT b.json AS json FROM resource r CROSS JOIN body b ON b.seq = ${at.text} WHERE r.rid = ? AND tick()`,
    )
    .get(...at.values, rid)
  if (typeof row?.json !== 'string') return { rows: [] }
  const resource = parseStored(row.json) as Resource
  return types?.includes(resource.resourceType) === false ? { rows: [] } : extract(resource)
}

const distanceTo = ({ param, points }: Near, rid: number, scope: Scope): number | undefined =>
  leastBetween(
    points,
    inBody(rid, scope)
      .rows.filter(row => row.kind === 'position')
      .filter(row => row.param === param),
  )

/** Whether a value of a resource is the one that decides where it stands; null: it has none. */
export function isNext(
  sort: ByValue,
  { rid, value }: { rid: number; value: Key },
  scope: Scope,
): boolean {
  const key = keyInBody(sort, rid, scope)
  if (key !== undefined) return key === value
  if (value === null) return true
  const params = paramsOf(sort, scope)
  const some = oneOf('v.param', params)
  const seen = visible('v', scope)
  const before = scope.connection
    .sql(
      `SELECT 1 FROM value v WHERE v.rid = ? AND ${some.text} AND v.low ${sort.descending ? '>' : '<'} ? AND ${seen.text} LIMIT 1`,
    )
    .get(rid, ...some.values, value, ...seen.values)
  return before === undefined
}

/** Each value there is, once, from a place on. */
export function* valuesOf(
  sort: ByValue,
  { start, descending }: { start: string | number | undefined; descending: boolean },
  scope: Scope,
): Generator<string | number> {
  if (sort.kind === 'reference') return
  const [table, column] = ranges[sort.kind]
  const params = paramsOf(sort, scope)
  if (params.length === 0) return
  const some = oneOf('r.param', params)
  const [most, than] = descending ? ['max', '<'] : ['min', '>']
  const next = (comparison: string, ...value: (string | number)[]) => {
    const beyond = value.length ? `AND r.${column} ${comparison} ?` : ''
    return scope.connection
      .sql(
        `SELECT ${most}(r.${column}) AS value FROM ${table} r WHERE ${some.text} ${beyond} AND tick()`,
      )
      .get(...some.values, ...value)?.value
  }
  let value = start === undefined ? next(than) : next(`${than}=`, start)
  while (typeof value === 'string' || typeof value === 'number') {
    yield value
    value = next(than, value)
  }
}

/** Those that have a value. */
export const withValue = ({ kind, params }: ByValue, value: string | number): Predicate =>
  anyOf(params.map(param => having(kind, param, value)))

function having(kind: ByValue['kind'], param: string, value: string | number): Predicate {
  switch (kind) {
    case 'token':
      return { kind: 'codes', param, codes: [String(value)] }
    case 'string':
      return { kind: 'string', param, text: String(value), match: 'equals' }
    case 'uri':
      return { kind: 'uri', param, uri: String(value), match: 'exact' }
    case 'date':
      return { kind: 'date', param, lowFrom: Number(value), lowTo: Number(value) }
    case 'quantity':
      return { kind: 'quantity', param, lowFrom: String(value), lowTo: String(value) }
    case 'reference':
      return { kind: 'reference', param, targets: [String(value)] }
  }
}

/** Those that have none, as far as it can be told without their bodies. */
export function withoutValue({ kind, params }: ByValue): Predicate[] {
  if (kind === 'token' || kind === 'uri') return []
  return params.map(param => {
    const any: Predicate =
      kind === 'string'
        ? { kind, param, text: '', match: 'contains' }
        : kind === 'reference'
          ? { kind: 'present', param }
          : { kind, param }
    return { kind: 'not', not: any }
  })
}

import { expired, invalid } from '../../resources/error.ts'
import type { HistoryQuery, Query } from '../../resources/search/query.ts'
import type { Event, Page, Tenant, Version } from '../../resources/store.ts'
import type { Connection } from './connection.ts'
import { firstSeqAt } from './instant.ts'
import { type Scope, seqAsOf } from './query/scope.ts'
import { compile, type Position } from './query.ts'
import { methods } from './schema.ts'
import { ticking } from './sql.ts'

interface Stored {
  type: number
  id: string
  number: number
  seq: number
  at: number
  method: number
  json: string | null
}

const versionColumns = `r.type AS type, r.id AS id, b.number AS number, b.seq AS seq, b.at AS at, b.method AS method, b.json AS json`

function toVersion(row: unknown, type: string, id = (row as Stored).id): Version {
  const { number, seq, at, method, json } = row as Stored
  const version: Version = { type, id, number, seq, at, method: methods[method] ?? 'update' }
  if (json !== null) version.json = json
  return version
}

/** Without what the caller named: each column costs. */
const bodyColumns = `SELECT b.number AS number, b.seq AS seq, b.at AS at, b.method AS method, b.json AS json FROM resource r INDEXED BY resource_name`
const newest = `${bodyColumns} CROSS JOIN body b ON b.seq = r.seq WHERE r.type = ? AND r.id = ?`
const superseded = `${bodyColumns} CROSS JOIN version v ON v.rid = r.rid CROSS JOIN body b ON b.seq = v.seq
  WHERE r.type = ? AND r.id = ? AND v.number = ?`

/** By primary key: microseconds. */
export function readVersion(
  connection: Connection,
  tenant: Tenant,
  name: { type: string; id: string; number: number | undefined },
): Version | undefined {
  const type = connection.typeId(tenant, name.type)
  if (type === undefined) return undefined
  const row = connection.sql(newest).get(type, name.id)
  if (!row) return undefined
  if (name.number === undefined || name.number === row.number)
    return toVersion(row, name.type, name.id)
  const older = connection.sql(superseded).get(type, name.id, name.number)
  return older && toVersion(older, name.type, name.id)
}

/** Where a page ended and which commit its first page saw; opaque for callers. */
interface Token {
  seq: number
  key: number
  rid: number
}

const printToken = (token: Token): string =>
  Buffer.from(`${token.seq}.${token.key}.${token.rid}`).toString('base64url')

function parseToken(text: string): Token {
  const plain = Buffer.from(text, 'base64url').toString()
  const [, seq, key, rid] = /^(\d{1,15})\.(-?\d{1,15})\.(\d{1,15})$/.exec(plain) ?? []
  if (rid === undefined)
    throw invalid('_page is not from a link of this server: follow the next link as it is')
  return { seq: Number(seq), key: Number(key), rid: Number(rid) }
}

/** The newest version's: what a reader sees up to. */
export const lastSeq = ({ sql }: Connection): number =>
  Number(sql('SELECT coalesce(max(seq), 0) AS seq FROM body').get()?.seq)

const sweptSeq = ({ sql }: Connection): number => Number(sql('SELECT seq FROM swept').get()?.seq)

function scopeOf(connection: Connection, tenant: Tenant, query: Query, seq: number): Scope {
  const types = query.types
    ? query.types.flatMap(type => connection.typeId(tenant, type) ?? [])
    : [...connection.types(tenant).keys()]
  let rows = 0
  return { connection, tenant, types, seq, alias: () => `p${rows++}` }
}

/** Hits in order, each once, as far as the caller goes on. */
function* hits(connection: Connection, tenant: Tenant, query: Query): Generator<Token> {
  const token = query.after === undefined ? undefined : parseToken(query.after)
  if (token && token.seq < sweptSeq(connection))
    throw expired('the link to this page is older than an hour: search again')
  const seq = token?.seq ?? lastSeq(connection)
  const scope = scopeOf(connection, tenant, query, seq)
  if (scope.types.length === 0) return
  const after: Position | undefined = token && { key: token.key, rid: token.rid }
  const { text, values } = compile(query, scope, after)
  let last = -1
  for (const row of connection.sql(text).iterate(...values)) {
    const rid = Number(row.rid)
    if (rid === last) continue
    last = rid
    yield { seq, key: Number(row.key), rid }
  }
}

const asOf = `SELECT ${versionColumns} FROM resource r CROSS JOIN body b ON b.seq = ${seqAsOf('r')} WHERE r.rid = ?`

export function searchPage(connection: Connection, tenant: Tenant, query: Query): Page {
  const types = connection.types(tenant)
  const versions: Version[] = []
  let last: Token | undefined
  for (const hit of hits(connection, tenant, query)) {
    if (versions.length === query.count)
      return { versions, ...(last ? { next: printToken(last) } : {}) }
    const row = connection.sql(asOf).get(hit.seq, hit.seq, hit.rid)
    if (row) versions.push(toVersion(row, types.get(Number(row.type)) ?? ''))
    last = hit
  }
  return { versions }
}

/** Ids only, for the checks of a commit. */
export function searchIds(connection: Connection, tenant: Tenant, query: Query): string[] {
  const ids: string[] = []
  for (const { rid } of hits(connection, tenant, query)) {
    ids.push(String(connection.sql('SELECT id FROM resource WHERE rid = ?').get(rid)?.id))
    if (ids.length === query.count) break
  }
  return ids
}

export function countHits(connection: Connection, tenant: Tenant, query: Query): number {
  if (query.where.length === 0 && query.types) {
    const totals = totalsOf(connection, tenant)
    return query.types.reduce((sum, type) => sum + (totals[type] ?? 0), 0)
  }
  let count = 0
  for (const _ of hits(connection, tenant, query)) count++
  return count
}

/** Counted as it is written. */
export function totalsOf(connection: Connection, tenant: Tenant): Record<string, number> {
  const rows = connection
    .sql(
      'SELECT t.name AS name, c.count AS count FROM type t JOIN total c ON c.type = t.id WHERE t.tenant = ? AND c.count > 0 ORDER BY t.name',
    )
    .all(tenant)
  return Object.fromEntries(rows.map(({ name, count }) => [String(name), Number(count)]))
}

export function newestSeq(connection: Connection, tenant: Tenant, types: string[]): number {
  let newest = 0
  for (const name of types) {
    const type = connection.typeId(tenant, name)
    if (type === undefined) continue
    const row = connection.sql('SELECT max(seq) AS seq FROM feed WHERE type = ?').get(type)
    newest = Math.max(newest, Number(row?.seq ?? 0))
  }
  return newest
}

/** Of versions up to the end of a span: current at its beginning, or made within it. */
const currentIn = `(b.at >= ? OR (b.json IS NOT NULL AND NOT EXISTS(
  SELECT 1 FROM (SELECT seq FROM version WHERE rid = r.rid UNION ALL SELECT r.seq) n CROSS JOIN body nb ON nb.seq = n.seq
  WHERE n.seq > b.seq AND nb.at <= ?)))`

export function historyPage(connection: Connection, tenant: Tenant, query: HistoryQuery): Page {
  const from = historySource(connection, tenant, query)
  if (!from) return { versions: [] }
  const token = query.after === undefined ? undefined : parseToken(query.after)
  const end = lastSeq(connection) + 1
  const first = (instant: number) => firstSeqAt(connection, instant, end)
  const { since, current } = query
  const to = Math.min(token?.seq ?? end, current ? first(current.to + 1) : end)
  const where = [ticking(from.order), from.where, `${from.order} < ?`]
  const values = [...from.values, to]
  if (since !== undefined) {
    where.push(`${from.order} >= ?`)
    values.push(first(since))
  }
  if (current) {
    where.push(currentIn)
    values.push(current.from, current.from)
  }
  const rows = connection
    .sql(
      `SELECT ${versionColumns} FROM ${from.tables} WHERE ${where.join(' AND ')} ORDER BY ${from.order} DESC LIMIT ?`,
    )
    .all(...values, query.count + 1)
  const types = connection.types(tenant)
  const versions = rows
    .slice(0, query.count)
    .map(row => toVersion(row, types.get(Number(row.type)) ?? ''))
  const last = versions.at(-1)
  return {
    versions,
    ...(last && rows.length > query.count
      ? { next: printToken({ seq: last.seq, key: 0, rid: 0 }) }
      : {}),
  }
}

interface Source {
  tables: string
  /** The column of the table that drives. */
  order: string
  where: string
  values: (string | number)[]
}

function historySource(
  connection: Connection,
  tenant: Tenant,
  { type: name, id }: HistoryQuery,
): Source | undefined {
  if (name === undefined)
    return {
      tables: 'body b CROSS JOIN resource r ON r.rid = b.rid',
      order: 'b.seq',
      where: 'r.type IN (SELECT id FROM type WHERE tenant = ?)',
      values: [tenant],
    }
  const type = connection.typeId(tenant, name)
  if (type === undefined) return undefined
  if (id === undefined)
    return {
      tables: 'feed f CROSS JOIN resource r ON r.rid = f.rid CROSS JOIN body b ON b.seq = f.seq',
      order: 'f.seq',
      where: 'f.type = ?',
      values: [type],
    }
  return {
    tables: `resource r CROSS JOIN (SELECT rid, seq FROM version UNION ALL SELECT rid, seq FROM resource WHERE seq > 0) v
      ON v.rid = r.rid CROSS JOIN body b ON b.seq = v.seq`,
    order: 'v.seq',
    where: 'r.type = ? AND r.id = ?',
    values: [type, id],
  }
}

/** A slice of all newest versions of a type, by id. */
export function scanSlice(
  connection: Connection,
  tenant: Tenant,
  slice: { type: string; after: string; count: number },
): Version[] {
  const type = connection.typeId(tenant, slice.type)
  if (type === undefined) return []
  const rows = connection
    .sql(
      `SELECT ${versionColumns} FROM resource r INDEXED BY resource_name CROSS JOIN body b ON b.seq = r.seq
         WHERE r.type = ? AND r.id > ? AND b.json IS NOT NULL ORDER BY r.id LIMIT ?`,
    )
    .all(type, slice.after, slice.count)
  return rows.map(row => toVersion(row, slice.type))
}

export function undeliveredEvents(
  { sql }: Connection,
  limit: number,
): { seq: number; event: Event }[] {
  return sql('SELECT seq, event FROM outbox ORDER BY seq LIMIT ?')
    .all(limit)
    .map(({ seq, event }) => ({ seq: Number(seq), event: JSON.parse(String(event)) as Event }))
}

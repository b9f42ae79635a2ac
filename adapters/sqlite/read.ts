/** Versions, histories and totals. */

import { parsePlace, printPlace } from '../../resources/search/place.ts'
import type { HistoryQuery } from '../../resources/search/query.ts'
import type { Event, Page, Tenant, Version } from '../../resources/store.ts'
import { type Connection, unitsStart } from './connection.ts'
import { firstSeqAt } from './instant.ts'
import { methods } from './schema.ts'
import { ticking, upTo } from './sql.ts'

interface Stored {
  type: number
  id: string
  number: number
  seq: number
  at: number
  method: number
  json: string | null
}

export const versionColumns = `r.type AS type, r.id AS id, b.number AS number, b.seq AS seq, b.at AS at, b.method AS method, b.json AS json`

export function toVersion(row: unknown, type: string, id = (row as Stored).id): Version {
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

/** The newest version's: what a reader sees up to. */
export const lastSeq = ({ sql }: Connection): number =>
  Number(sql('SELECT coalesce(max(seq), 0) AS seq FROM body').get()?.seq)

/** Names of units are kept once, for all tenants: what one has costs another only a condition that finds nothing. */
export function unitsOf({ sql }: Connection, system: string): string[] {
  const start = unitsStart(system)
  return sql('SELECT uri FROM system WHERE uri > ? AND uri < ?')
    .all(start, `${start}\u{10ffff}`)
    .map(({ uri }) => String(uri).slice(start.length))
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

/** Versions are written in the order of their instants. */
function settled({ sql }: Connection): Pick<Page, 'settled'> {
  const last = sql('SELECT at FROM body ORDER BY seq DESC LIMIT 1').get()
  return last ? { settled: Number(last.at) } : {}
}

export function historyPage(connection: Connection, tenant: Tenant, query: HistoryQuery): Page {
  const from = historySource(connection, tenant, query)
  if (!from) return { versions: [] }
  const token = query.after === undefined ? undefined : parsePlace(query.after)
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
      `SELECT ${versionColumns} FROM ${from.tables} WHERE ${where.join(' AND ')} ORDER BY ${from.order} DESC ${upTo}`,
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
      ? { next: printPlace({ seq: last.seq, rid: 0, keys: [], back: false }) }
      : {}),
    ...(token || query.id !== undefined ? {} : settled(connection)),
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
         WHERE r.type = ? AND r.id > ? AND b.json IS NOT NULL ORDER BY r.id ${upTo}`,
    )
    .all(type, slice.after, slice.count)
  return rows.map(row => toVersion(row, slice.type))
}

export interface EventSlice {
  count: number
  after?: number
  skip?: number
}

export function undeliveredEvents(
  { sql }: Connection,
  { count, after = 0, skip = 0 }: EventSlice,
): { seq: number; event: Event }[] {
  return sql(`SELECT seq, event FROM outbox WHERE seq > ? ORDER BY seq ${upTo} OFFSET ?`)
    .all(after, count, skip)
    .map(({ seq, event }) => ({ seq: Number(seq), event: JSON.parse(String(event)) as Event }))
}

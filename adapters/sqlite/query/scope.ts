import type { Tenant } from '../../../resources/store.ts'
import { type Connection, targetParts } from '../connection.ts'
import { type Sql, sql } from '../sql.ts'

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
export const visible = (row: string, seq: number): Sql =>
  sql(
    `${row}.rid <= ? AND ${row}.since <= ? AND (${row}.until = 0 OR ${row}.until > ?)`,
    seq,
    seq,
    seq,
  )

export function ridOf(target: string, { connection, tenant }: Scope): number[] {
  const parts = targetParts(target)
  const type = connection.typeId(tenant, parts.type)
  if (type === undefined) return []
  const row = connection
    .sql('SELECT rid FROM resource WHERE type = ? AND id = ?')
    .get(type, parts.id)
  return row ? [Number(row.rid)] : []
}

export function ridsById(id: string, { connection, types }: Scope): number[] {
  return types.flatMap(type => {
    const row = connection.sql('SELECT rid FROM resource WHERE type = ? AND id = ?').get(type, id)
    return row ? [Number(row.rid)] : []
  })
}

/** The version that a reader at a commit sees (0: none yet): of a row of `resource`. Takes the commit's number twice. */
export const seqAsOf = (resource: string): string =>
  `CASE WHEN ${resource}.seq <= ? THEN ${resource}.seq
    ELSE (SELECT max(v.seq) FROM version v WHERE v.rid = ${resource}.rid AND v.seq <= ?) END`

/** Versions as they leave for another store, and as they come from one. */

import { sourceChanged } from '../../resources/moving.ts'
import type { Event, Moving, Tenant } from '../../resources/store.ts'
import type { Connection } from './connection.ts'
import { type PackedCommit, packCommit } from './message.ts'
import { toVersion, versionColumns } from './read.ts'
import { upTo } from './sql.ts'

/** A slice of all versions after a commit number, and the last number in it. */
export function movingSlice(
  { sql }: Connection,
  { after, count }: { after: number; count: number },
): Moving[] {
  const rows = sql(
    `SELECT ${versionColumns}, t.tenant AS tenant, t.name AS name, r.seq = b.seq AS newest
       FROM body b CROSS JOIN resource r ON r.rid = b.rid CROSS JOIN type t ON t.id = r.type
       WHERE b.seq > ? ORDER BY b.seq ${upTo}`,
  ).all(after, count)
  return rows.map(row => ({
    tenant: String(row.tenant) as Tenant,
    version: toVersion(row, String(row.name)),
    newest: Number(row.newest) === 1,
  }))
}

/** The commit number of the last one of so many. */
export const seqOf = ({ sql }: Connection, count: number): number =>
  count === 0
    ? 0
    : Number(sql('SELECT seq FROM body ORDER BY seq LIMIT 1 OFFSET ?').get(count - 1)?.seq ?? 0)

export const versionCount = ({ sql }: Connection): number =>
  Number(sql('SELECT count(*) AS count FROM body').get()?.count)

/** Stands in a file that is not whole yet. */
const mark = 'adopting'

export const isAdopting = ({ sql }: Pick<Connection, 'sql'>): boolean =>
  sql('SELECT 1 FROM sqlite_schema WHERE name = ?').get(mark) !== undefined

export function beginAdopting({ db, sql }: Connection, total: number): void {
  db.exec(`CREATE TABLE IF NOT EXISTS ${mark}(total INTEGER NOT NULL) STRICT`)
  const begun = sql(`SELECT total FROM ${mark}`).get()?.total
  if (begun === undefined) sql(`INSERT INTO ${mark}(total) VALUES (?)`).run(total)
  else if (begun !== total) throw new Error(sourceChanged)
}

export function endAdopting({ db }: Connection): void {
  db.exec(`DROP TABLE IF EXISTS ${mark}`)
}

/** A commit each: many may be of one resource. What is superseded is found by nothing. */
export function packMoving({ tenant, version, extract }: Moving): PackedCommit {
  const { type, id, number, method, json, at } = version
  const packed = packCommit(tenant, at, {
    changes: [
      {
        ...{ type, id, method, replaces: number - 1 },
        ...(json === undefined ? {} : { json }),
        extract: extract ?? { rows: [], present: [] },
      },
    ],
  })
  for (const change of packed.changes) {
    // Its place in clinical order is its own, also where that of the version before it was not known.
    change.moved = extract !== undefined
    if (!extract) change.add = []
  }
  return packed
}

/** A commit of nothing else. */
export const packEvents = (events: Event[]): PackedCommit => ({
  ...{ tenant: '' as Tenant, at: 0, changes: [], checks: [], events },
})

/** Compares what is stored with itself, and with what is made of it now. */
import { setImmediate as turn } from 'node:timers/promises'
import type { Finding, Knowledge, Tenant } from '../../resources/store.ts'
import type { Connection } from './connection.ts'
import { inspectRows } from './inspect/rows.ts'
import { inspectVersions } from './inspect/versions.ts'
import { forgetWanted, type Newest, wantedRows } from './inspect/wanted.ts'
import { toVersion, versionColumns } from './read.ts'

/** At once: nothing else can be done with the connection meanwhile, because others use it too. */
export async function* inspect(
  connection: Connection,
  knowledge: Knowledge,
  { progress, atOnce = false }: { progress(done: number): void; atOnce?: boolean },
): AsyncIterable<Finding> {
  const found = inspectAll(connection, knowledge, progress)
  for (const each of atOnce ? [...found] : found) {
    if (each) yield each
    else await turn()
  }
}

/** How many resources are read between two turns of others. */
const slice = 500

/** Nothing is told now and then, so that others get their turn. */
function* inspectAll(
  connection: Connection,
  { extract, unsure }: Knowledge,
  progress: (done: number) => void,
): Iterable<Finding | undefined> {
  const { db } = connection
  db.exec('BEGIN')
  try {
    yield* inspectVersions(connection)
    yield undefined
    const want = wantedRows(connection)
    const unknown = new Set<number>()
    let done = 0
    for (const newest of newestOf(connection)) {
      const expected = extract(newest.tenant, newest.version)
      if (expected) want(newest, expected)
      else unknown.add(newest.rid)
      if (++done % slice > 0) continue
      progress(done)
      yield undefined
    }
    progress(done)
    yield* inspectRows(connection, { isKnown: rid => !unknown.has(rid), unsure })
  } finally {
    forgetWanted(connection)
    db.exec('COMMIT')
  }
}

function* newestOf({ sql }: Connection): Iterable<Newest> {
  const rows = sql(
    `SELECT ${versionColumns}, r.rid AS rid, t.tenant AS tenant, t.name AS name,
       coalesce((SELECT f.at FROM version v JOIN body f ON f.seq = v.seq WHERE v.rid = r.rid ORDER BY v.seq LIMIT 1), b.at) AS first
     FROM resource r JOIN body b ON b.seq = r.seq JOIN type t ON t.id = r.type WHERE b.json IS NOT NULL`,
  ).iterate()
  for (const row of rows)
    yield {
      tenant: String(row.tenant) as Tenant,
      type: Number(row.type),
      rid: Number(row.rid),
      first: Number(row.first),
      version: toVersion(row, String(row.name)),
    }
}

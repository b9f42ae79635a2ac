/** What a thread does with its connection: the same for the writer, the readers, and a store without threads. */
import type { HistoryQuery, Query } from '../../resources/search/query.ts'
import type { Tenant } from '../../resources/store.ts'
import { beginAdopting, endAdopting, movingSlice, seqOf, versionCount } from './adopt.ts'
import { type Connection, patience } from './connection.ts'
import { countHits, pageAndTotal } from './count.ts'
import { explain } from './explain.ts'
import { firstSeqAt } from './instant.ts'
import type { PackedAddition, PackedCommit } from './message.ts'
import {
  type EventSlice,
  historyPage,
  lastSeq,
  scanSlice,
  totalsOf,
  undeliveredEvents,
} from './read.ts'
import { addRows, dropRows } from './reindex.ts'
import { rowTables } from './schema.ts'
import { sweepWords } from './words.ts'
import { createWriter, type Writer } from './write.ts'

export type ReadCall =
  | { do: 'search'; tenant: Tenant; query: Query; ms: number }
  | { do: 'count'; tenant: Tenant; query: Query; atMost?: number | undefined; ms: number }
  | { do: 'explain'; tenant: Tenant; query: Query; ms: number }
  | { do: 'history'; tenant: Tenant; query: HistoryQuery; ms: number }
  | { do: 'scan'; tenant: Tenant; slice: { type: string; after: string; count: number } }
  | { do: 'totals'; tenant: Tenant }
  | { do: 'undelivered'; slice: EventSlice }
  | { do: 'moving'; slice: { after: number; count: number } }
  | { do: 'seqOf'; count: number }
  | { do: 'versionCount' }

export type WriteCall =
  | { do: 'commit'; commits: PackedCommit[] }
  | { do: 'delivered'; seq: number }
  | { do: 'addRows'; tenant: Tenant; additions: PackedAddition[] }
  | { do: 'dropRows'; tenant: Tenant; type: string; param: string; limit: number }
  | { do: 'beginAdopting'; total: number }
  | { do: 'endAdopting' }
  | { do: 'check' }
  | { do: 'checkpoint' }
  | { do: 'sweep'; before: number }

/** In one read transaction: the locks of each statement cost as much as a short one. */
export const runRead = (connection: Connection, call: ReadCall): unknown =>
  connection.snapshot(() => readIn(connection, call))

function readIn(connection: Connection, call: ReadCall): unknown {
  switch (call.do) {
    case 'search':
      return connection.within(call.ms, () => pageAndTotal(connection, call.tenant, call.query))
    case 'count':
      return connection.within(call.ms, () =>
        countHits(connection, call.tenant, call.query, call.atMost),
      )
    case 'explain':
      return connection.within(call.ms, () => explain(connection, call.tenant, call.query, call.ms))
    case 'history':
      return connection.within(call.ms, () => historyPage(connection, call.tenant, call.query))
    case 'scan':
      return scanSlice(connection, call.tenant, call.slice)
    case 'totals':
      return totalsOf(connection, call.tenant)
    case 'undelivered':
      return undeliveredEvents(connection, call.slice)
    case 'moving':
      return movingSlice(connection, call.slice)
    case 'seqOf':
      return seqOf(connection, call.count)
    case 'versionCount':
      return versionCount(connection)
  }
}

/** What was found before is not kept any more: see query/found.ts. */
const rowsAnew = 'UPDATE reindexed SET times = times + 1'

interface WriteEngine {
  run(call: WriteCall): unknown
}

export function createWriteEngine(connection: Connection): WriteEngine {
  const writer = createWriter(connection)
  const { sql } = connection
  return {
    run(call) {
      switch (call.do) {
        case 'commit':
          return writer.apply(call.commits)
        case 'delivered':
          return void sql('DELETE FROM outbox WHERE seq = ?').run(call.seq)
        case 'addRows':
          connection.counts.clear()
          return writer.alone(intern => {
            sql(rowsAnew).run()
            return addRows(connection, intern, call)
          })
        case 'dropRows':
          connection.counts.clear()
          return writer.alone(() => {
            sql(rowsAnew).run()
            return dropRows(connection, call)
          })
        case 'beginAdopting':
          return beginAdopting(connection, call.total)
        case 'endAdopting':
          return endAdopting(connection)
        case 'check':
          writer.refuseDamaged()
          // A page is written: on a full or read-only disk a transaction without changes would still go through.
          return void sql('UPDATE swept SET seq = seq').run()
        case 'checkpoint':
          return checkpoint(connection)
        case 'sweep':
          return sweep(connection, writer, call.before)
      }
    },
  }
}

/** Where a search is in the way it gives up at once: all writers would wait with it. */
function checkpoint({ db }: Connection): void {
  db.exec('PRAGMA busy_timeout = 0')
  try {
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  } finally {
    db.exec(`PRAGMA busy_timeout = ${patience}`)
  }
}

/** How many commits' ended rows one sweep of a table takes: writers wait for it. Text takes long to go. */
const sliceOf = (table: string): number => (table === 'wording' ? 200 : 2000)

/** Deletes rows that ended before an instant (ms). True: there is more to do. */
function sweep(connection: Connection, writer: Writer, before: number): boolean {
  const { sql } = connection
  const bound = firstSeqAt(connection, before, lastSeq(connection) + 1) - 1
  let more = false
  for (const table of [...rowTables, 'wording'] as const) {
    const first = sql(`SELECT min(until) AS until FROM ${table} WHERE until <> 0`).get()?.until
    if (first === null || first === undefined || Number(first) > bound) continue
    const to = Math.min(bound, Number(first) + sliceOf(table))
    // First: a page that began before would miss what goes now.
    sql('UPDATE swept SET seq = max(seq, ?)').run(to)
    // A transaction of its own: a failure leaves none open.
    if (table === 'wording') writer.alone(() => sweepWords(connection, to))
    else sql(`DELETE FROM ${table} WHERE until <> 0 AND until <= ?`).run(to)
    if (to < bound) more = true
  }
  return more
}

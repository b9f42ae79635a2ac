import { closeable } from '../../resources/closing.ts'
import { throttled, unavailable } from '../../resources/error.ts'
import {
  type Asking,
  type Commit,
  type Event,
  type Page,
  type Step,
  type Store,
  type Tenant,
  type Version,
  versionOf,
} from '../../resources/store.ts'
import { type Connection, type ConnectionOptions, connect } from './connection.ts'
import { createWriteEngine, type ReadCall, runRead, type WriteCall } from './engine.ts'
import { atEdge, unpackError, whyNotOpen } from './errors.ts'
import { makeFirst } from './first.ts'
import { inspect } from './inspect.ts'
import { lockFile } from './lock.ts'
import { type PackedCommit, packAddition, packCommit, sizeOf } from './message.ts'
import { newestSeq, readVersion } from './read.ts'
import { migrate } from './schema.ts'
import { startThread, type Thread } from './thread.ts'
import { createUpkeep, refuseUnwhole } from './upkeep.ts'
import type { CommitResult } from './write.ts'

export interface SqliteOptions {
  /** A path, or `:memory:`. */
  file: string
  /** False: everything on the caller's thread; always so in memory. */
  threads?: boolean
  /** Threads that search. */
  readers?: number
  /** Searches waiting before more are refused. */
  searchQueue?: number
  /** Bytes of writes waiting before more are refused. */
  writeQueue?: number
  /** How long a search may take, ms. */
  searchTime?: number
  synchronous?: 'FULL' | 'NORMAL'
  /** Pages of 4 KiB the file may grow to. */
  maxPages?: number
  /** What another store has is to be taken over. */
  adopting?: boolean
  /** Milliseconds since 1970. */
  now: () => number
  /** Told of each group of commits: how many, and how long it took (ms). */
  onBatch?: (size: number, ms: number) => void
}

/** A Store in one SQLite file. Rejects with one clear line where the file cannot be used. */
export async function openSqlite(options: SqliteOptions): Promise<SqliteStore> {
  const { file } = options
  const threads = file !== ':memory:' && options.threads !== false
  try {
    const unlock = file === ':memory:' ? () => {} : lockFile(file)
    try {
      if (file !== ':memory:') makeFirst(file)
      return threads ? await openThreads(options, unlock) : openInline(options, unlock)
    } catch (error) {
      unlock()
      throw error
    }
  } catch (error) {
    throw whyNotOpen(error, file)
  }
}

export interface SqliteStore extends Store {
  /** Writes and searches that wait. */
  waiting(): { writes: number; searches: number }
}

/** How the parts of a store are reached: by calls to threads, or at once. */
interface Calls {
  read(name: {
    tenant: Tenant
    type: string
    id: string
    number: number | undefined
  }): Version | undefined
  newest(tenant: Tenant, types: string[]): number
  search(call: ReadCall, asking?: Asking): Promise<unknown>
  write(call: WriteCall): Promise<unknown>
  inspect: Store['inspect']
  waiting(): { writes: number; searches: number }
  /** The instant of the last commit. */
  lastAt: number
  close(): Promise<void>
}

const connectionOptions = (options: SqliteOptions, readOnly: boolean): ConnectionOptions => ({
  file: options.file,
  readOnly,
  ...(options.synchronous ? { synchronous: options.synchronous } : {}),
  ...(options.maxPages ? { maxPages: options.maxPages } : {}),
})

function prepareFile(options: SqliteOptions): Connection {
  const connection = connect(connectionOptions(options, false))
  try {
    migrate(connection.db, options.file)
    if (!options.adopting) refuseUnwhole(connection, options.file)
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

const lastAt = ({ sql }: Connection): number =>
  Number(sql('SELECT at FROM body ORDER BY seq DESC LIMIT 1').get()?.at ?? 0)

function openInline(options: SqliteOptions, unlock: () => void): SqliteStore {
  const connection = prepareFile(options)
  const engine = createWriteEngine(connection)
  const attempt = async (work: () => unknown) => {
    try {
      return await work()
    } catch (error) {
      throw atEdge(error)
    }
  }
  return createStore(options, {
    read: name => readVersion(connection, name.tenant, name),
    newest: (tenant, types) => newestSeq(connection, tenant, types),
    search: call => attempt(() => runRead(connection, call)),
    write: call => attempt(() => engine.run(call)),
    inspect: (knowledge, progress) => inspect(connection, knowledge, { progress, atOnce: true }),
    waiting: () => ({ writes: 0, searches: 0 }),
    lastAt: lastAt(connection),
    async close() {
      connection.close()
      unlock()
    },
  })
}

async function openThreads(options: SqliteOptions, unlock: () => void): Promise<SqliteStore> {
  const prepared = prepareFile(options)
  const at = lastAt(prepared)
  prepared.close()
  const writer = await startThread(
    'writer-thread.ts',
    connectionOptions(options, false),
    options.onBatch,
  )
  const readers = await Promise.all(
    Array.from({ length: options.readers ?? 1 }, () =>
      startThread('reader-thread.ts', connectionOptions(options, true)),
    ),
  )
  const own = connect(connectionOptions(options, true))
  const tick = createTick(own)
  const searches = () => readers.reduce((sum, reader) => sum + reader.waiting(), 0)
  return createStore(options, {
    read(name) {
      tick.begin()
      return readVersion(own, name.tenant, name)
    },
    newest(tenant, types) {
      tick.begin()
      return newestSeq(own, tenant, types)
    },
    search(call, { signal, goesOn } = {}) {
      if (searches() >= (options.searchQueue ?? 256) && !goesOn)
        return Promise.reject(throttled('too many searches are waiting: try again shortly', 1))
      return leastBusy(readers).call(call, signal)
    },
    async write(call) {
      if (call.do === 'check' && !readers.every(reader => reader.alive()))
        throw unavailable('a thread that searches has stopped: restart the server', 30)
      const answer = await writer.call(call)
      // Whoever is told of a write must see it in the next read.
      tick.end()
      return answer
    },
    async *inspect(knowledge, progress) {
      const other = connect(connectionOptions(options, true))
      try {
        // All rows once more, and sorted.
        other.db.exec('PRAGMA temp_store = FILE')
        yield* inspect(other, knowledge, { progress })
      } finally {
        other.close()
      }
    },
    waiting: () => ({ writes: writer.waiting(), searches: searches() }),
    lastAt: at,
    async close() {
      await Promise.all(readers.map(reader => reader.close()))
      tick.end()
      own.close()
      await writer.close()
      unlock()
    },
  })
}

/**
 * Reads of one turn of the event loop share a read transaction: its locks cost as much as a read by id. It never
 * outlives the turn, so it keeps no checkpoint waiting.
 */
function createTick({ db, sql }: Connection): { begin(): void; end(): void } {
  const begin = sql('BEGIN')
  const commit = sql('COMMIT')
  let open = false
  const end = () => {
    if (!open) return
    open = false
    try {
      commit.run()
    } catch {
      // A read met a damaged page, and was told so.
      if (db.isTransaction) db.exec('ROLLBACK')
    }
  }
  return {
    begin() {
      if (open) return
      begin.run()
      open = true
      setImmediate(end)
    },
    end,
  }
}

const leastBusy = (threads: Thread[]): Thread =>
  threads.reduce((least, thread) =>
    !least.alive() || (thread.alive() && thread.waiting() < least.waiting()) ? thread : least,
  )

interface Waiting {
  packed: PackedCommit
  size: number
  resolve(versions: Version[]): void
  reject(error: unknown): void
}

function createStore(options: SqliteOptions, calls: Calls): SqliteStore {
  const commit = createCommit(options, calls)
  const ms = options.searchTime ?? 10_000
  const search = <T>(call: ReadCall, asking: Asking = {}) =>
    calls.search(call, asking) as Promise<T>
  const tidy = startTidying(options, calls)

  return closeable({
    commit,
    async read(tenant, type, id, number) {
      try {
        return calls.read({ tenant, type, id, number })
      } catch (error) {
        throw atEdge(error)
      }
    },
    history: (tenant, query) => search<Page>({ do: 'history', tenant, query, ms }),
    search: (tenant, query, asking) => search<Page>({ do: 'search', tenant, query, ms }, asking),
    count: (tenant, query, { atMost, ...asking } = {}) =>
      search<number>({ do: 'count', tenant, query, atMost, ms }, asking),
    explain: (tenant, query, asking) =>
      search<Step[]>({ do: 'explain', tenant, query, ms }, asking),
    async *scan(tenant, type, after = '') {
      for (let last = after; ; ) {
        const slice = { type, after: last, count: 200 }
        const goesOn = last !== after
        const versions = await search<Version[]>({ do: 'scan', tenant, slice }, { goesOn })
        yield* versions
        const end = versions.at(-1)
        if (!end) return
        last = end.id
      }
    },
    totals: tenant => search({ do: 'totals', tenant }),
    async lastChanges(tenant, types) {
      try {
        return String(calls.newest(tenant, types) || '')
      } catch (error) {
        throw atEdge(error)
      }
    },
    async addRows(tenant, additions) {
      const packed = additions.map(packAddition)
      const lost = await calls.write({ do: 'addRows', tenant, additions: packed })
      return (lost as number[]).flatMap(place => additions[place] ?? [])
    },
    dropRows: async (tenant, type, param, limit) =>
      (await calls.write({ do: 'dropRows', tenant, type, param, limit })) as boolean,
    async undelivered(limit) {
      const found = await search<{ seq: number; event: Event }[]>({
        do: 'undelivered',
        slice: { count: limit },
      })
      return found.map(({ seq, event }) => ({
        event,
        done: async () => void (await calls.write({ do: 'delivered', seq })),
      }))
    },
    ...createUpkeep(calls, options.now),
    waiting: calls.waiting,
    async close() {
      clearInterval(tidy)
      await calls.close()
    },
  })
}

/** Ended rows are kept for as long as a link to a page lives. */
const linkLife = 3_600_000

function startTidying(options: SqliteOptions, calls: Calls): NodeJS.Timeout {
  const { now } = options
  const timer = setInterval(() => {
    const go = async (): Promise<void> => {
      const more = await calls.write({ do: 'sweep', before: now() - linkLife })
      if (more) await go()
    }
    // It is tried again at the next turn.
    go().catch(() => {})
  }, linkLife / 6)
  return timer.unref()
}

function createCommit(options: SqliteOptions, calls: Calls): Store['commit'] {
  const { now } = options
  const limit = options.writeQueue ?? 64 * 1024 * 1024
  let held = 0
  let batch: Waiting[] = []

  /** All commits of a turn travel in one message. */
  const send = () => {
    const sent = batch
    batch = []
    const size = sent.reduce((sum, waiting) => sum + waiting.size, 0)
    calls
      .write({ do: 'commit', commits: sent.map(({ packed }) => packed) })
      .then(
        results => settle(sent, results as CommitResult[]),
        error => {
          for (const { reject } of sent) reject(error)
        },
      )
      .finally(() => {
        held -= size
      })
  }

  return (tenant: Tenant, build: (at: number) => Commit) => {
    if (held > limit)
      return Promise.reject(unavailable('too many writes are waiting: try again shortly', 1))
    const at = Math.max(now(), calls.lastAt)
    return new Promise<Version[]>((resolve, reject) => {
      const packed = packCommit(tenant, at, build(at))
      calls.lastAt = at
      const size = sizeOf(packed)
      held += size
      batch.push({ packed, size, resolve, reject })
      if (batch.length === 1) setImmediate(send)
    })
  }
}

function settle(sent: Waiting[], results: CommitResult[]): void {
  for (const [index, { packed, resolve, reject }] of sent.entries()) {
    const result = results[index]
    if (!result) reject(new Error('the writer gave no result'))
    else if ('failure' in result) reject(unpackError(result.failure))
    else
      resolve(packed.changes.map((change, n) => versionOf(change, result.seqs[n] ?? 0, packed.at)))
  }
}

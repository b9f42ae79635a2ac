import { closeable } from '../../resources/closing.ts'
import { throttled, unavailable } from '../../resources/error.ts'
import type { Store } from '../../resources/store.ts'
import { createWriteBatch } from './batch.ts'
import { type Commits, createCommits } from './commit.ts'
import { type Connection, type ConnectionOptions, connect } from './connection.ts'
import { atTheEdge } from './errors.ts'
import { undelivered } from './events.ts'
import { createFacts, unitsOf } from './facts.ts'
import { createGate } from './gate.ts'
import { historyPage, scan } from './history.ts'
import { createLeases } from './leases.ts'
import { createOrder, type Order } from './order.ts'
import { createSizes } from './query/sizes.ts'
import { createReads } from './read.ts'
import { addRows, dropRows } from './reindex.ts'
import { type Last, lastOf, migrate } from './schema.ts'
import { countHits, explainHits, searchIds, searchPage } from './search.ts'
import type { Source } from './source.ts'
import { sweepEvery } from './sweep.ts'
import { createTerms, type Terms } from './terms.ts'
import { createTransactions, type Transactions } from './transact.ts'

export interface MongoOptions extends ConnectionOptions {
  /** Milliseconds since 1970. */
  now: () => number
  /** A name that nobody else has. */
  newId: () => string
  /** How long a search may take, ms. */
  searchTime?: number
  /** Searches at once, and searches waiting before more are refused. */
  searches?: number
  searchQueue?: number
  /** How long a write may wait and take, ms. */
  writeTime?: number
  /** Bytes of writes waiting before more are refused. */
  writeQueue?: number
  /** Transactions at once. */
  maxTransactions?: number
  /** Told of each group of commits: how many, and how long it took (ms). */
  onBatch?: (size: number, ms: number) => void
}

export interface MongoStore extends Store {
  /** Writes and searches that wait. */
  waiting(): { writes: number; searches: number }
}

/** A Store in a MongoDB replica set. Rejects with one clear line where it cannot be used. */
export async function openMongo(options: MongoOptions): Promise<MongoStore> {
  const connection = await connect(options)
  try {
    await migrate(connection)
    return createStore(options, connection, await lastOf(connection.collections))
  } catch (error) {
    await connection.client.close()
    throw error
  }
}

/** What the calls of a store share. */
interface Parts {
  connection: Connection
  order: Order
  terms: Terms
  transactions: Transactions
  source(more?: Partial<Source>): Source
}

function createParts(
  { now, newId, searchTime = 10_000, ...options }: MongoOptions,
  connection: Connection,
  last: Last,
): Parts {
  const order = createOrder(last, now)
  const sizes = createSizes()
  const refusal = () => unavailable('too many writes are waiting: try again shortly', 1)
  return {
    connection,
    order,
    terms: createTerms(),
    transactions: createTransactions({
      connection,
      gate: createGate(options.maxTransactions ?? 4, 64, refusal),
      time: options.writeTime ?? writeTime,
      chance: () => Number.parseInt(newId().slice(0, 4), 16) / 0xffff,
    }),
    source: more => ({
      collections: connection.collections,
      sizes,
      until: performance.now() + searchTime,
      now,
      asOf: order.asOf,
      ...more,
    }),
  }
}

function createWriting(options: MongoOptions, parts: Parts, last: Last): Commits {
  const { order, source } = parts
  const write = createWriteBatch(
    {
      ...parts,
      collections: parts.connection.collections,
      by: options.newId().slice(0, 8),
      searchIds: (tenant, query, { session }) =>
        searchIds(source({ session, until: performance.now() + checkTime }), tenant, query),
    },
    last,
  )
  return createCommits({
    order,
    write,
    limit: options.writeQueue ?? 64 * 1024 * 1024,
    time: options.writeTime ?? writeTime,
    onBatch: options.onBatch,
  })
}

function createStore(options: MongoOptions, connection: Connection, last: Last): MongoStore {
  const parts = createParts(options, connection, last)
  const { source } = parts
  const { client, collections } = connection
  const { resource } = collections
  const commits = createWriting(options, parts, last)
  const gate = createGate(options.searches ?? 4, options.searchQueue ?? 256, () =>
    throttled('too many searches are waiting: try again shortly', 1),
  )
  const reads = createReads(resource, options.searchTime ?? 10_000)
  const facts = createFacts(resource)
  const sweeping = sweepEvery(resource, options.now)
  /** A search takes its place before its time begins. */
  const search = <T>(ask: (source: Source) => Promise<T>, signal?: AbortSignal): Promise<T> =>
    atTheEdge(() => gate.pass(() => ask(source({ signal }))))

  return closeable({
    commit: commits.commit,
    read: (...named) => atTheEdge(() => reads.read(...named)),
    history: (tenant, query) => search(from => historyPage(from, tenant, query)),
    search: (tenant, query, signal) => search(from => searchPage(from, tenant, query), signal),
    count: (tenant, query, { atMost, signal } = {}) =>
      search(from => countHits(from, tenant, query, atMost), signal),
    explain: (tenant, query) => search(from => explainHits(from, tenant, query)),
    scan: (tenant, type, after = '') => scan(source, tenant, { type, after }),
    totals: tenant => search(from => facts.totals(tenant, from)),
    ...createLeases(collections.lease),
    units: (tenant, system) => atTheEdge(() => unitsOf(source(), tenant, system)),
    newest: (tenant, types) => atTheEdge(() => facts.newest(tenant, types)),
    addRows: (tenant, additions) =>
      atTheEdge(() => addRows({ ...parts, collections }, tenant, additions)),
    dropRows: (tenant, type, param, limit) =>
      atTheEdge(() => dropRows(collections, { tenant, type, param, limit })),
    undelivered: limit => atTheEdge(() => undelivered(source(), limit)),
    check: () => atTheEdge(() => check(collections)),
    waiting: () => ({ writes: commits.waiting(), searches: gate.waiting() }),
    async close() {
      clearInterval(sweeping)
      await client.close()
    },
  })
}

/** How long a write may wait and take, ms: longer than an election. */
const writeTime = 20_000

/** ms that the search of a check may take: all writers wait for it. */
const checkTime = 2000

/** Something is written: a set that cannot hear of it, or a full disk, would still answer a read. */
async function check({ meta }: Connection['collections']): Promise<void> {
  await meta.updateOne({ _id: 'check' }, { $inc: { number: 1 } }, { upsert: true })
}

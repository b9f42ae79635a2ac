/** What the calls of a store share. */
import { throttled, unavailable } from '../../resources/error.ts'
import type { Asking, Tenant } from '../../resources/store.ts'
import type { Connection, ConnectionOptions } from './connection.ts'
import { atTheEdge } from './errors.ts'
import { newestOf } from './facts.ts'
import { createGate, type Gate } from './gate.ts'
import { createLeases } from './leases.ts'
import { createOrder, type Order } from './order.ts'
import { createRemembered, type Remembered } from './remembered.ts'
import { roomOf } from './room.ts'
import { type Last, lastOf } from './schema.ts'
import { type Slot, takeSlot } from './slot.ts'
import type { Source } from './source.ts'
import { createTerms, type Terms } from './terms.ts'
import { createTransactions, type Transactions } from './transact.ts'

export interface MongoOptions extends ConnectionOptions {
  /** Milliseconds since 1970. */
  now: () => number
  /** What another store has is to be taken over. */
  adopting?: boolean
  /** A name that nobody else has. */
  newId: () => string
  /** How long a search may take, ms. */
  searchTime?: number
  /** Searches at once, and searches waiting before more are refused. */
  searches?: number
  searchQueue?: number
  /** How long a write may wait and take, ms: longer than an election. */
  writeTime?: number
  /** Bytes of writes waiting before more are refused. */
  writeQueue?: number
  /** Transactions at once. */
  maxTransactions?: number
  /** Bytes of the database's cache that a transaction may change; else as many as fit there, where it says so. */
  transactionSize?: number
  /** Told of each group of commits: how many, and how long it took (ms). */
  onBatch?: (size: number, ms: number) => void
}

export interface Parts {
  connection: Connection
  /** Where the last commit was when the store was opened. */
  last: Last
  slot: Slot
  order: Order
  remembered: Remembered
  terms: Terms
  transactions: Transactions
  /** Bytes that one may change, where that is known. */
  room: number | undefined
  searches: Gate
  searchTime: number
  writeTime: number
  source(more?: Partial<Source>): Source
  /** A search takes its place before its time begins. */
  search<T>(ask: (source: Source) => Promise<T>, asking?: Asking): Promise<T>
}

const busy = () => unavailable('too many writes are waiting: try again shortly', 1)
const searching = () => throttled('too many searches are waiting: try again shortly', 1)

export async function openParts(options: MongoOptions, connection: Connection): Promise<Parts> {
  const { now, newId, searchTime = 10_000, writeTime = 20_000 } = options
  const { primary } = connection
  const slot = await takeSlot(createLeases(connection), connection.name)
  // What was written under its numbers before is there by now.
  const last = await primary.read(() => lastOf(connection.collections))
  const order = createOrder(last, { now, slot })
  const remembered = createRemembered(slot, order)
  const asOf = createAsOf(connection, { slot, order })
  const searches = createGate(options.searches ?? 4, options.searchQueue ?? 256, searching)
  const source: Parts['source'] = more => {
    return {
      collections: connection.collections,
      ...remembered,
      found: remembered.found.begin(),
      names: remembered.known,
      until: performance.now() + searchTime,
      now,
      asOf,
      still: () => stillness(slot, order),
      inSession: (at, work) =>
        connection.client.withSession({ snapshot: true }, session =>
          work(at ? Object.assign(session, { snapshotTime: at }) : session),
        ),
      ...more,
    }
  }
  return {
    connection,
    last,
    slot,
    order,
    remembered,
    terms: createTerms(remembered.known),
    transactions: createTransactions({
      connection,
      gate: createGate(options.maxTransactions ?? 4, 64, busy),
      time: writeTime,
      chance: () => Number.parseInt(newId().slice(0, 4), 16) / 0xffff,
    }),
    room: options.transactionSize || (await roomOf(connection.client.db('admin'))),
    searches,
    searchTime,
    writeTime,
    source,
    search: (ask, { signal, goesOn } = {}) =>
      atTheEdge(() =>
        searches.pass(() => primary.read(() => ask(source({ signal }))), goesOn),
      ).catch(error => {
        throw signal?.aborted ? unavailable('nobody waits for the answer any more', 1) : error
      }),
  }
}

function stillness(slot: Slot, order: Order): () => boolean {
  const since = slot.aloneSince()
  const isStill = order.still()
  return () => since !== undefined && slot.aloneSince() === since && isStill()
}

/** What another process has told of may have a greater number than ours, by its clock; also one that is gone by now. */
function createAsOf(
  { collections }: Connection,
  { slot, order }: Pick<Parts, 'slot' | 'order'>,
): Source['asOf'] {
  const heard = new Map<Tenant, number>()
  return async tenant => {
    const since = slot.aloneSince()
    if (since !== undefined && heard.get(tenant) === since) return order.asOf(0)
    const newest = await newestOf(collections.resource, tenant)
    if (since !== undefined) heard.set(tenant, since)
    return order.asOf(newest)
  }
}

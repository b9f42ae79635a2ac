/** What the calls of a store share. */
import { throttled, unavailable } from '../../resources/error.ts'
import type { Connection, ConnectionOptions } from './connection.ts'
import { atTheEdge } from './errors.ts'
import { createGate, type Gate } from './gate.ts'
import { createOrder, type Order } from './order.ts'
import { createSizes } from './query/sizes.ts'
import type { Last } from './schema.ts'
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
  /** Told of each group of commits: how many, and how long it took (ms). */
  onBatch?: (size: number, ms: number) => void
}

export interface Parts {
  connection: Connection
  order: Order
  terms: Terms
  transactions: Transactions
  searches: Gate
  searchTime: number
  writeTime: number
  source(more?: Partial<Source>): Source
  /** A search takes its place before its time begins. */
  search<T>(ask: (source: Source) => Promise<T>, signal?: AbortSignal): Promise<T>
}

const busy = () => unavailable('too many writes are waiting: try again shortly', 1)
const searching = () => throttled('too many searches are waiting: try again shortly', 1)

export function createParts(options: MongoOptions, connection: Connection, last: Last): Parts {
  const { now, newId, searchTime = 10_000, writeTime = 20_000 } = options
  const order = createOrder(last, now)
  const sizes = createSizes()
  const searches = createGate(options.searches ?? 4, options.searchQueue ?? 256, searching)
  const source: Parts['source'] = more => ({
    collections: connection.collections,
    sizes,
    until: performance.now() + searchTime,
    now,
    asOf: order.asOf,
    ...more,
  })
  return {
    connection,
    order,
    terms: createTerms(),
    transactions: createTransactions({
      connection,
      gate: createGate(options.maxTransactions ?? 4, 64, busy),
      time: writeTime,
      chance: () => Number.parseInt(newId().slice(0, 4), 16) / 0xffff,
    }),
    searches,
    searchTime,
    writeTime,
    source,
    search: (ask, signal) =>
      atTheEdge(() => searches.pass(() => ask(source(signal ? { signal } : {})))),
  }
}

import type { ClientSession } from 'mongodb'
import { unavailable } from '../../resources/error.ts'
import { createAbandoned, keyOf } from './abandoned.ts'
import type { Within } from './commands.ts'
import type { Connection } from './connection.ts'
import { isLocked, isPassing, isUnclear } from './errors.ts'
import type { Gate } from './gate.ts'

/** What is written in one transaction of the database, or not at all. */
export interface Transactions {
  /** Once: whoever fails may look again and try again. */
  once<T>(until: number, work: (within: Session) => Promise<T>): Promise<T>
  /** Until it is done, or it is too late (ms; else that of a write). */
  persist<T>(work: (within: Session) => Promise<T>, ms?: number): Promise<T>
  /** Before the next attempt. */
  pause(attempt: number): Promise<void>
}

export type Session = Within & { session: ClientSession }

interface Parts {
  connection: Connection
  gate: Gate
  /** ms that a write may take. */
  time: number
  /** From 0 to 1. */
  chance(): number
}

/** https://www.mongodb.com/docs/manual/core/transactions/ */
const options = {
  readConcern: { level: 'snapshot' },
  writeConcern: { w: 'majority', journal: true },
} as const

/** ms, of the first and of the longest. */
const pauses = { first: 10, longest: 500 }

export const left = (until: number): number => Math.max(1, Math.ceil(until - performance.now()))

export function createTransactions({ connection, gate, time, chance }: Parts): Transactions {
  const pause = (attempt: number) => {
    const most = Math.min(pauses.longest, pauses.first * 2 ** attempt)
    return new Promise<void>(resolve => setTimeout(resolve, most * (0.5 + chance() / 2)))
  }
  const held = new Set<string>()
  const abandoned = createAbandoned(connection, held)
  const once: Transactions['once'] = (until, work) =>
    gate.pass(async () => {
      try {
        await connection.schema.sure()
        return await attempt(connection, until, { work, pause, held })
      } catch (error) {
        // Where that fails, they end by themselves.
        if (isLocked(error)) await abandoned.end().catch(() => {})
        throw error
      }
    })
  return {
    once,
    pause,
    async persist(work, ms = time) {
      const until = performance.now() + ms
      for (let n = 0; ; n++)
        try {
          return await once(until, work)
        } catch (error) {
          if (!isPassing(error) || performance.now() > until) throw error
          await pause(n)
        }
    },
  }
}

async function attempt<T>(
  { client, db }: Connection,
  until: number,
  how: {
    work: (within: Session) => Promise<T>
    pause: (attempt: number) => Promise<void>
    held: Set<string>
  },
): Promise<T> {
  const session = client.startSession()
  const key = session.id && keyOf(session.id)
  if (key) how.held.add(key)
  try {
    session.startTransaction({ ...options, maxCommitTimeMS: left(until) })
    const result = await how.work({ db, session, maxTimeMS: left(until) })
    // This process stood still: what was written was made by what it knew before.
    if (performance.now() > until)
      throw unavailable('the database takes too long: repeat the request', 5)
    await commit(session, until, how.pause)
    return result
  } catch (error) {
    // It ends by itself where the database cannot be told.
    if (session.inTransaction()) await session.abortTransaction().catch(() => {})
    throw error
  } finally {
    if (key) how.held.delete(key)
    await session.endSession()
  }
}

/** It may be repeated: the database knows whether it was done. */
async function commit(
  session: ClientSession,
  until: number,
  pause: (attempt: number) => Promise<void>,
): Promise<void> {
  for (let n = 0; ; n++)
    try {
      return await session.commitTransaction()
    } catch (error) {
      if (!isUnclear(error) || performance.now() > until) throw error
      await pause(n)
    }
}

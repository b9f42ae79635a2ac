/** A statement cannot be interrupted from outside: what reads many rows asks `tick()` now and then whether to go on. */
import type { DatabaseSync } from 'node:sqlite'
import { timedOut, unavailable } from '../../resources/error.ts'

export interface Searching {
  /** Runs a search until a deadline (ms from now), then it fails. */
  within<T>(ms: number, work: () => T): T
  /** Tries work for so many ms; undefined: it was not done by then. */
  trial<T>(ms: number, work: () => T): T | undefined
  /** Searches stop when this says that nobody waits for them. */
  cancelWhen(isCancelled: () => boolean): void
  /** Reads as of one commit. */
  snapshot<T>(work: () => T): T
}

/** A statement that failed in iterate() fails once more when it is used again: `forget` drops them. */
export function createSearching(db: DatabaseSync, forget: () => void): Searching {
  let deadline = Number.POSITIVE_INFINITY
  let late = false
  let isCancelled = () => false
  db.function('tick', () => {
    if (isCancelled()) throw unavailable('nobody waits for the answer any more', 1)
    late = performance.now() > deadline
    if (late)
      throw timedOut(
        'the search takes too long: narrow it by more parameters, such as a patient or a date',
        5,
      )
    return 1
  })
  return {
    within(ms, work) {
      deadline = performance.now() + ms
      try {
        return work()
      } catch (error) {
        forget()
        throw error
      } finally {
        deadline = Number.POSITIVE_INFINITY
      }
    },
    trial(ms, work) {
      const whole = deadline
      const mine = performance.now() + ms
      late = false
      deadline = Math.min(whole, mine)
      try {
        return work()
      } catch (error) {
        forget()
        if (mine < whole && late) return undefined
        throw error
      } finally {
        deadline = whole
      }
    },
    cancelWhen(check) {
      isCancelled = check
    },
    snapshot(work) {
      if (db.isTransaction) return work()
      db.exec('BEGIN')
      try {
        return work()
      } finally {
        if (db.isTransaction) db.exec('COMMIT')
      }
    },
  }
}

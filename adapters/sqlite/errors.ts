import { FhirError, storageFull, tooCostly, unavailable } from '../../resources/error.ts'
import { CommitConflict } from '../../resources/store.ts'

/** A FhirError for what the database or the disk did; anything else as it is. https://sqlite.org/rescode.html */
export function atEdge(error: unknown): unknown {
  if (!Error.isError(error) || !('errcode' in error)) return error
  const code = Number(error.errcode) & 0xff
  if (code === 1 && isTooLarge(error.message))
    return tooCostly(
      'the search has too many conditions within each other: ask for it in parts',
      undefined,
      { cause: error },
    )
  if (code === 13) return storageFull('the disk is full: nothing was written', 30, error)
  if (code === 5 || code === 6)
    return unavailable('the store is busy: repeat the request', 1, error)
  if (code === 8) return unavailable('the store is read-only now: nothing was written', 30, error)
  if (code === 10) return unavailable('the disk fails: nothing was written', 30, error)
  if (isDamage(error)) return unavailable('the database is damaged: restore a backup', 60, error)
  return error
}

/** What only a backup mends. */
export const isDamage = (error: unknown): boolean =>
  Error.isError(error) && 'errcode' in error && [11, 26].includes(Number(error.errcode) & 0xff)

/** A statement beyond the limits of SQLite, which only a search can be. https://sqlite.org/limits.html */
const isTooLarge = (message: string): boolean =>
  /Expression tree is too large|too many terms in compound SELECT|too many SQL variables|parser stack overflow|Recursion limit|string or blob too big/.test(
    message,
  )

/** Told by the system, not by the database. */
export const isFull = (error: unknown): boolean =>
  Error.isError(error) && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')

/** One clear line for what keeps the store from opening. */
export function whyNotOpen(error: unknown, file: string): Error {
  const sqlite = Error.isError(error) && 'errcode' in error ? Number(error.errcode) & 0xff : 0
  // The folder could not be made, or a file could not be copied.
  const system = Error.isError(error) && 'syscall' in error
  const code = isFull(error) ? 13 : system ? 14 : sqlite
  const reasons: Record<number, string> = {
    5: `${file} is used by another process: stop it first, or choose another DATA_DIR`,
    8: `${file} is read-only: the server needs to write in its folder`,
    11: `${file} is damaged: restore a backup (npm run restore)`,
    13: `the disk of ${file} is full: free some space`,
    14: `${file} cannot be opened: its folder must exist and be writable by this user`,
    26: `${file} is not a database: restore a backup (npm run restore), or move it away`,
  }
  const reason = reasons[code]
  if (reason) return new Error(reason, { cause: error })
  return Error.isError(error) ? error : new Error(String(error))
}

/** An error as it travels between threads. */
export type Failure =
  | { kind: 'fhir'; status: number; outcome: FhirError['outcome']; headers: Record<string, string> }
  | { kind: 'conflict'; reason: CommitConflict['reason']; on: string }
  | { kind: 'bug'; message: string; stack: string }

export function packError(thrown: unknown): Failure {
  const error = atEdge(thrown)
  if (error instanceof FhirError)
    return { kind: 'fhir', status: error.status, outcome: error.outcome, headers: error.headers }
  if (error instanceof CommitConflict)
    return { kind: 'conflict', reason: error.reason, on: error.on }
  const { message, stack } = Error.isError(error) ? error : new Error(String(error))
  return { kind: 'bug', message, stack: stack ?? '' }
}

export function unpackError(failure: Failure): Error {
  switch (failure.kind) {
    case 'fhir':
      return new FhirError(failure.status, failure.outcome.issue, { headers: failure.headers })
    case 'conflict':
      return new CommitConflict(failure.reason, failure.on)
    case 'bug':
      return Object.assign(new Error(failure.message), { stack: failure.stack })
  }
}

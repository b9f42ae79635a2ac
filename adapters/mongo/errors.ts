import {
  MongoError,
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
  MongoWriteConcernError,
} from 'mongodb'
import {
  FhirError,
  storageFull,
  timedOut,
  tooCostly,
  tooLarge,
  unavailable,
} from '../../resources/error.ts'

/** A document that the database did not take, and why. */
export class Refused extends Error {
  readonly code: number

  constructor(code: number) {
    super(`the database refused a document (${code})`)
    this.code = code
  }
}

/** https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml */
const codes = {
  timeLimit: [50],
  duplicate: [11000],
  locked: [24, 112],
  conflict: [24, 112, 239, 246, 251, 11000],
  notPrimary: [
    6, 7, 89, 91, 189, 262, 317, 358, 384, 9001, 10058, 10107, 11600, 11602, 13435, 13436,
  ],
  full: [14031],
  large: [10334, 17280, 17419, 17420],
  wide: [388],
  pattern: [51091],
  refused: [11, 13, 18],
} as const

const codeOf = (error: unknown): number =>
  Error.isError(error) && 'code' in error && typeof error.code === 'number' ? error.code : 0
const isOne = (error: unknown, list: readonly number[]): boolean => list.includes(codeOf(error))

export const isDuplicate = (error: unknown): boolean => isOne(error, codes.duplicate)

export const isTimeLimit = (error: unknown): boolean => isOne(error, codes.timeLimit)

/** A document or a command: the database says so, or the driver, which has no room for much more. */
export const isTooLarge = (error: unknown): boolean =>
  isOne(error, codes.large) ||
  (Error.isError(error) && 'code' in error && error.code === 'ERR_OUT_OF_RANGE')

/** It lost against another writer: looked at again, it may be taken or be told why not. */
export const isRace = (error: unknown): boolean => isOne(error, codes.conflict)

/** Another transaction, which has not ended, has written the same. */
export const isLocked = (error: unknown): boolean => isOne(error, codes.locked)

/** A connection or a primary went away: it may have been done or not. The driver does not label all of these. */
export const isUnclear = (error: unknown): boolean =>
  error instanceof MongoNetworkError ||
  error instanceof MongoWriteConcernError ||
  isOne(error, codes.notPrimary) ||
  (error instanceof MongoError &&
    ['UnknownTransactionCommitResult', 'RetryableWriteError'].some(label =>
      error.hasErrorLabel(label),
    ))

/** There has been no primary for as long as a command waits for one: it would be the same for whatever is asked next. */
export const isOutOfReach = (error: unknown): boolean => error instanceof MongoServerSelectionError

export const isPassing = (error: unknown): boolean =>
  isRace(error) ||
  isUnclear(error) ||
  (error instanceof MongoError && error.hasErrorLabel('TransientTransactionError'))

/** A search says which index it goes by: it is not there yet. */
const isIndexMissing = (error: unknown): boolean =>
  error instanceof MongoServerError && /hint provided does not correspond/.test(error.message)

const isFull = (error: unknown): boolean =>
  isOne(error, codes.full) ||
  (error instanceof MongoServerError && /no space left/i.test(error.message))

/** Names what the database said, never a value: its own messages may quote one. */
const said = (error: Error): Error =>
  new Error(
    error instanceof MongoServerError
      ? `the database said ${error.codeName ?? 'an error'} (${codeOf(error)})`
      : error instanceof Refused
        ? error.message
        : error.name,
  )

/** A FhirError for what the database or the way to it did; anything else as it is. */
export function atEdge(error: unknown): unknown {
  if (error instanceof FhirError) return error
  if (!(error instanceof MongoError || error instanceof Refused)) return error
  const cause = said(error)
  if (isFull(error)) return storageFull('the disk is full: nothing was written', 30, cause)
  if (isOne(error, codes.large)) return tooLarge(tooLargeText, undefined, { cause })
  if (isOne(error, codes.wide)) return tooLarge(tooWideText, undefined, { cause })
  if (isOne(error, codes.pattern))
    return tooCostly('a text that is looked for is too long: give its beginning', undefined, {
      cause,
    })
  if (isTimeLimit(error))
    return timedOut(
      'the search takes too long: narrow it by more parameters, such as a patient or a date',
      5,
      cause,
    )
  if (isIndexMissing(error))
    return unavailable('an index for this search is being made: repeat it later', 30, cause)
  if (isRace(error)) return unavailable('others write the same: repeat the request', 1, cause)
  if (isOne(error, codes.refused))
    return unavailable('the database refuses this server: see its user and password', 30, cause)
  if (isPassing(error) || !(error instanceof MongoServerError || error instanceof Refused))
    return unavailable('the database cannot be reached now: repeat the request', 5, cause)
  return cause
}

export async function atTheEdge<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw atEdge(error)
  }
}

export const tooLargeText =
  'the resource is too large: with what it is found by it must be under 16 MB'

export const tooWideText =
  'the transaction is too large for the cache of the database: send it in parts, or give mongod a larger cache'

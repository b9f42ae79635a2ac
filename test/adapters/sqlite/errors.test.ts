import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, test } from '@jest/globals'
import { atEdge, packError, unpackError, whyNotOpen } from '../../../adapters/sqlite/errors.ts'
import { FhirError, throttled } from '../../../resources/error.ts'
import { CommitConflict } from '../../../resources/store.ts'

/** As node:sqlite throws them. https://sqlite.org/rescode.html */
const sqlite = (errcode: number) =>
  Object.assign(new Error('as SQLite says'), { code: 'ERR_SQLITE_ERROR', errcode })

describe('what the database or the disk did', () => {
  test.each([
    [13, 507, 'no-store', /disk is full: nothing was written/],
    [5, 503, 'transient', /busy: repeat/],
    [517, 503, 'transient', /busy: repeat/],
    [6, 503, 'transient', /busy: repeat/],
    [8, 503, 'transient', /read-only now: nothing was written/],
    [10, 503, 'transient', /disk fails: nothing was written/],
    [778, 503, 'transient', /disk fails: nothing was written/],
    [11, 503, 'transient', /damaged: restore a backup/],
    [26, 503, 'transient', /damaged: restore a backup/],
  ])('code %d is answered %d %s', (code, status, issue, text) => {
    const cause = sqlite(code)
    const error = atEdge(cause) as FhirError
    expect(error).toBeInstanceOf(FhirError)
    expect(error).toMatchObject({ status, cause, message: expect.stringMatching(text) })
    expect(error.outcome.issue[0]).toMatchObject({ severity: 'error', code: issue })
    expect(Number(error.headers['Retry-After'])).toBeGreaterThan(0)
  })

  test.each([[sqlite(1)], [sqlite(19)], [new Error('a bug')], ['text'], [undefined]])(
    '%p stays as it is',
    thrown => expect(atEdge(thrown)).toBe(thrown),
  )
})

describe('a statement beyond the limits', () => {
  const db = new DatabaseSync(':memory:')
  afterAll(() => db.close())

  test.each([
    ['as deep', `SELECT ${Array.from({ length: 1100 }, () => '1').join(' OR ')}`],
    ['of as many arms', Array.from({ length: 600 }, () => 'SELECT 1').join(' UNION ALL ')],
    ['of as many values', `SELECT 1 IN (${Array.from({ length: 40_000 }, () => '?').join()})`],
    ['nested as far', `SELECT ${'('.repeat(5000)}1${')'.repeat(5000)}`],
  ])('%s is one that asks for too much', (_, text) => {
    let thrown: unknown
    try {
      db.prepare(text)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeDefined()
    expect(atEdge(thrown)).toMatchObject({ status: 422, cause: thrown })
  })

  test('a statement that is wrong is a bug', () => {
    expect.assertions(1)
    try {
      db.prepare('SELECT FROM')
    } catch (error) {
      expect(atEdge(error)).toBe(error)
    }
  })
})

describe('why a file does not open', () => {
  test.each([
    [5, 'f.db is used by another process: stop it first, or choose another DATA_DIR'],
    [8, 'f.db is read-only: the server needs to write in its folder'],
    [1032, 'f.db is read-only: the server needs to write in its folder'],
    [11, 'f.db is damaged: restore a backup (npm run restore)'],
    [13, 'the disk of f.db is full: free some space'],
    [14, 'f.db cannot be opened: its folder must exist and be writable by this user'],
    [26, 'f.db is not a database: restore a backup (npm run restore), or move it away'],
  ])('code %d', (code, line) => {
    const cause = sqlite(code)
    expect(whyNotOpen(cause, 'f.db')).toMatchObject({ message: line, cause })
  })

  test.each(['EACCES', 'EROFS', 'ENOTDIR', 'EEXIST', 'EPERM'])('%s', code => {
    const error = Object.assign(new Error(code), { code, syscall: 'mkdir' })
    expect(whyNotOpen(error, 'f.db').message).toBe(
      'f.db cannot be opened: its folder must exist and be writable by this user',
    )
  })

  test.each(['ENOSPC', 'EDQUOT'])('%s', code => {
    const error = Object.assign(new Error(code), { code, syscall: 'copyfile' })
    expect(whyNotOpen(error, 'f.db').message).toBe('the disk of f.db is full: free some space')
  })

  test('anything else is told as it is', () => {
    const bug = new Error('a bug')
    expect(whyNotOpen(bug, 'f.db')).toBe(bug)
    expect(whyNotOpen('thrown', 'f.db').message).toBe('thrown')
  })
})

describe('between threads', () => {
  const travel = (thrown: unknown) => unpackError(structuredClone(packError(thrown)))

  test('an answer keeps its status, outcome and headers', () => {
    const sent = throttled('too many', 7)
    const { status, outcome, headers, message } = sent
    const came = travel(sent)
    expect(came).toBeInstanceOf(FhirError)
    expect(came).toMatchObject({ status, outcome, headers, message })
    expect(travel(sqlite(13))).toMatchObject({ status: 507 })
  })

  test('a conflict keeps what it is on', () => {
    const came = travel(new CommitConflict('check', 'identifier'))
    expect(came).toBeInstanceOf(CommitConflict)
    expect(came).toMatchObject({ reason: 'check', on: 'identifier' })
  })

  test('a bug keeps its message and stack', () => {
    const bug = new TypeError('x is not a function')
    expect(travel(bug)).toMatchObject({ message: bug.message, stack: bug.stack })
    expect(travel('only text')).toMatchObject({ message: 'only text' })
  })
})

import { expect, test } from '@jest/globals'
import {
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
  MongoWriteConcernError,
} from 'mongodb'
import { atEdge, Refused } from '../../../adapters/mongo/errors.ts'
import type { FhirError } from '../../../resources/error.ts'
import { throttled } from '../../../resources/error.ts'

const said = (code: number, message = 'Asha Rao, 1980') =>
  new MongoServerError({ code, codeName: 'Said', errmsg: message, message })

test.each([
  [said(14031), 507, /disk is full: nothing was written/],
  [said(8, 'write failed: No space left on device'), 507, /disk is full/],
  [said(50), 503, /takes too long/],
  [said(112), 503, /others write the same: repeat/],
  [said(11000), 503, /others write the same: repeat/],
  [said(10107), 503, /cannot be reached now: repeat/],
  [said(13), 503, /refuses this server: see its user and password/],
  [said(18), 503, /refuses this server/],
  [said(10334), 413, /under 16 MB/],
  [said(51091), 422, /a text that is looked for is too long/],
  [new Refused(10334), 413, /under 16 MB/],
  [new MongoNetworkError('Asha Rao, 1980'), 503, /cannot be reached now: repeat/],
  [
    new MongoServerSelectionError('Asha Rao, 1980', { type: 'Unknown' } as never),
    503,
    /cannot be reached now/,
  ],
  [
    new MongoWriteConcernError({
      ok: 1,
      writeConcernError: { code: 64, errmsg: 'Asha Rao, 1980' },
    } as never),
    503,
    /cannot be reached now/,
  ],
])('%s is answered %d, without a value', (thrown, status, message) => {
  const error = atEdge(thrown) as FhirError
  expect(error).toMatchObject({
    name: 'FhirError',
    status,
    message: expect.stringMatching(message),
  })
  if (status === 503 || status === 507)
    expect(Number(error.headers['Retry-After'])).toBeGreaterThan(0)
  expect(`${error.message} ${error.cause} ${(error.cause as Error).stack}`).not.toMatch(/Asha/)
})

test('what the database says and nobody expects is a bug, without a value', () => {
  expect(atEdge(said(9))).toEqual(new Error('the database said Said (9)'))
})

test.each([[throttled('wait', 1)], [new Error('a bug')], ['text'], [undefined]])(
  '%p stays as it is',
  thrown => expect(atEdge(thrown)).toBe(thrown),
)

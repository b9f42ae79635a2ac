/** A search ends when its time is over, and when nobody waits for it any more. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { MongoStore } from '../../../adapters/mongo/store.ts'
import type { Query } from '../../../resources/search/query.ts'
import { change, coded, pune, query, times, write } from '../../contract/store/material.ts'
import { dropDatabase, newDatabase } from '../../support/mongo-database.ts'
import { openAt } from './open.ts'

const url = newDatabase()
let store: MongoStore
beforeAll(async () => {
  store = await openAt(url, Date.now)
  for (let from = 0; from < 6000; from += 1000)
    await write(
      store,
      pune,
      ...times(1000, n => change(`p${from + n}`, { rows: [coded(`${n}`), coded('all')] })),
    )
})
afterAll(async () => {
  await store.close()
  await dropDatabase(url)
})

/** Every resource has to be looked at. */
const long: Query = query({
  where: [{ kind: 'token', param: 'identifier', code: 'all' }],
  sort: [{ by: 'value', kind: 'token', params: ['identifier'], descending: false }],
})

test('a search that takes too long answers 503, and when to come again', async () => {
  const hasty = await openAt(url, Date.now, { searchTime: 3 })
  try {
    await expect(hasty.search(pune, long)).rejects.toMatchObject({
      name: 'FhirError',
      status: 503,
      headers: { 'Retry-After': '5' },
    })
  } finally {
    await hasty.close()
  }
})

test('a search that nobody waits for ends', async () => {
  const nobody = new AbortController()
  const asked = store.search(pune, long, nobody)
  setTimeout(() => nobody.abort(), 3)
  await expect(asked).rejects.toMatchObject({ name: 'FhirError', status: 503 })
  await expect(store.search(pune, long, nobody)).rejects.toMatchObject({
    name: 'FhirError',
    status: 503,
  })
  expect((await store.search(pune, long)).versions).toHaveLength(100)
})

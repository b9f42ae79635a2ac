/** What a transaction takes of the database's cache is told before it is tried. */
import { expect, test } from '@jest/globals'
import { MongoClient } from 'mongodb'
import { least, roomOf, shareIn } from '../../../adapters/mongo/room.ts'
import type { Change } from '../../../resources/store.ts'
import { change, coded, next, past, pune, times, write } from '../../contract/store/material.ts'
import { dropDatabase, newDatabase } from '../../support/mongo-database.ts'
import { holdAll } from './holding.ts'
import { openAt, openEmpty } from './open.ts'

const now = () => Date.UTC(2026, 0, 1)
/** Of many words, each a key of an index. */
const wordy = (id: string, words: number): Change => {
  const content = times(words, n => `${id}word${n}`).join(' ')
  const made = change(id, { rows: [coded(id)] })
  return { ...made, json: JSON.stringify({ content }), extract: { ...made.extract, content } }
}

test.each([
  ['', 0.1],
  ['eviction_dirty_trigger=60', 0.3],
  ['eviction_dirty_target=30,eviction_dirty_trigger=60,eviction_updates_trigger=40', 0.4],
  ['eviction_updates_trigger=40,eviction_updates_trigger=0', 0.1],
  ['eviction_updates_trigger=500MB', undefined],
])('a cache configured by "%s" has room for %p of it', (configuration, share) => {
  expect(shareIn(configuration)).toBe(share)
})

test('more than the cache of this database takes is 413 at once, and leaves nothing', async () => {
  const url = newDatabase()
  const client = new MongoClient(url)
  const room = (await roomOf(client.db('admin'))) ?? 0
  await client.close()
  expect(room).toBeGreaterThan(1_000_000)
  const some = times(Math.ceil(room / least(wordy('p', 20_000))), n => wordy(`p${n}`, 20_000))
  const store = await openAt(url, now)
  await expect(write(store, pune, ...some)).rejects.toMatchObject({
    name: 'FhirError',
    status: 413,
    message: expect.stringMatching(
      /^the transaction takes \d+ MB or more of the cache of the database, where \d+ MB fit \(MAX_TRANSACTION_SIZE\): send it in parts, or give mongod a larger cache$/,
    ),
  })
  expect(await past(store)).toEqual([])
  await store.close()
  await dropDatabase(url)
}, 120_000)

test('what fits into the room that a setting gives is written, and no more', async () => {
  const few = times(5, n => wordy(`p${n}`, 100))
  const transactionSize = few.reduce((sum, each) => sum + least(each), 0)
  const store = await openEmpty(now, { transactionSize })
  const more = [wordy('one', 100), ...few]
  await expect(write(store, pune, ...more)).rejects.toMatchObject({ status: 413 })
  await write(store, pune, ...few)
  expect(await past(store)).toHaveLength(5)
  await store.close()
})

test('what may not fit, and is kept from being written again and again, is 413', async () => {
  const url = newDatabase()
  const large = wordy('large', 100)
  const transactionSize = 1.5 * least(large)
  const store = await openAt(url, now, { transactionSize })
  const a = change('a')
  await write(store, pune, a)
  const holding = await holdAll(url)
  await expect(write(store, pune, next(a), large)).rejects.toMatchObject({
    status: 413,
    message:
      'the transaction is too large for the cache of the database: send it in parts, or give mongod a larger cache',
  })
  await holding.letGo()
  await write(store, pune, next(a), large)
  expect(await past(store)).toHaveLength(3)
  await store.close()
  await dropDatabase(url)
})

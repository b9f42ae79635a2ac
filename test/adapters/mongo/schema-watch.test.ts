import { expect, test } from '@jest/globals'
import { MongoClient } from 'mongodb'
import { createHealth } from '../../../server/health.ts'
import { change, pune, write } from '../../contract/store/material.ts'
import { dropDatabase, newDatabase } from '../../support/mongo-database.ts'
import { openAt } from './open.ts'

const now = () => Date.UTC(2026, 0, 1)
const newer = /is of a newer version of this server \(schema 3, known 2\)/

/** A newer program is about to change the database. */
async function raise(url: string, set: object): Promise<void> {
  const client = new MongoClient(url)
  await client.db().collection<{ _id: string }>('meta').updateOne({ _id: 'schema' }, { $set: set })
  await client.close()
}

test.each([
  ['begins to change', { coming: 3 }],
  ['has changed', { number: 3, coming: 3 }],
])('a process writes no more to a database that a newer program %s', async (_, set) => {
  const url = newDatabase()
  const store = await openAt(url, now)
  const health = createHealth({ store, folder: undefined, minFreeDisk: 0 })
  await write(store, pune, change('a'))
  await raise(url, set)
  let refused: unknown
  for (let n = 0; refused === undefined; n++)
    await write(store, pune, change(`b${n}`)).catch(error => {
      refused = error
    })
  expect(refused).toMatchObject({ status: 503, message: expect.stringMatching(newer) })
  await expect(store.check()).rejects.toThrow(newer)
  expect(await health.ready()).toEqual({
    ready: false,
    problems: [expect.stringMatching(newer)],
  })
  await expect(
    store.addRows(pune, [{ type: 'Patient', id: 'a', number: 1, rows: [] }]),
  ).rejects.toThrow(newer)
  expect(await store.read(pune, 'Patient', 'a')).toBeDefined()
  await store.close()
  await dropDatabase(url)
})

test('a process does not start on a database that a newer program begins to change', async () => {
  const url = newDatabase()
  await (await openAt(url, now)).close()
  await raise(url, { coming: 3 })
  await expect(openAt(url, now)).rejects.toThrow(/newer version of this server.*start that one/)
  await dropDatabase(url)
})

test('what an older program left is marked before it is changed', async () => {
  const url = newDatabase()
  await (await openAt(url, now)).close()
  await raise(url, { number: 1 })
  await (await openAt(url, now)).close()
  const client = new MongoClient(url)
  const found = await client.db().collection<{ _id: string }>('meta').findOne({ _id: 'schema' })
  expect(found).toEqual({ _id: 'schema', number: 2, coming: 2 })
  await client.close()
  await dropDatabase(url)
})

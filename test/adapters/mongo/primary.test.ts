/** Who has just been elected is read when all is told that was acknowledged before. */
import { afterAll, beforeAll, expect } from '@jest/globals'
import { MongoClient } from 'mongodb'
import { change, pune, write } from '../../contract/store/material.ts'
import { databaseAt } from '../../support/mongo-database.ts'
import { type Mongod, startMongod, wayToMongo } from '../../support/mongod.ts'
import { testsWhere } from '../../support/where.ts'
import { openAt } from './open.ts'

// That of everybody else must not step down.
const isOwn = wayToMongo() !== 'url'
const { where, name } = testsWhere(isOwn, 'that of MONGO_URL is not to be disturbed')

let mongod: Mongod | undefined
beforeAll(async () => {
  if (isOwn) mongod = await startMongod()
})
afterAll(async () => {
  await mongod?.stop()
})

where(
  name('after an election something new is on most members before anything is read'),
  async () => {
    const url = databaseAt(mongod?.url ?? '', 'primary')
    const store = await openAt(url, Date.now)
    const client = await new MongoClient(url).connect()
    const written = async () =>
      (
        await client
          .db()
          .collection<{ _id: string; number: number }>('meta')
          .findOne({ _id: 'check' })
      )?.number ?? 0
    await write(store, pune, change('a'))
    const reads: (() => Promise<unknown>)[] = [
      () => store.read(pune, 'Patient', 'z'),
      () => store.history(pune, { count: 1 }),
      () => store.lastChanges(pune, ['Patient']),
      () => Array.fromAsync(store.scan(pune, 'Patient')),
    ]
    for (const read of reads) {
      await read()
      const before = await written()
      await read()
      expect(await written()).toBe(before)
      await client.db('admin').command({ replSetStepDown: 1, force: true })
      await read()
      expect(await written()).toBeGreaterThan(before)
    }
    await client.close()
    await store.close()
  },
  60_000,
)

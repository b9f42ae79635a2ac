/** A count that was told is told again, until anybody has written. */
import { expect, test } from '@jest/globals'
import { MongoClient } from 'mongodb'
import {
  byCode,
  change,
  coded,
  delhi,
  next,
  pune,
  query,
  write,
} from '../../contract/store/material.ts'
import { dropDatabase, newDatabase } from '../../support/mongo-database.ts'
import { openAt } from './open.ts'

const now = () => Date.UTC(2026, 0, 1)

test('it is counted again after whatever was written, by whomever', async () => {
  const url = newDatabase()
  const store = await openAt(url, now)
  const client = await new MongoClient(url).connect()
  const asked = query({ where: [byCode('x')] })
  const count = () => store.count(pune, asked)
  const one = change('a', { rows: [coded('x')] })
  await write(store, pune, one)
  expect(await count()).toBe(1)
  // What no commit has changed is not looked at again.
  await client
    .db()
    .collection('resource')
    .updateMany({}, { $unset: { x: 1 } })
  expect(await count()).toBe(1)
  expect(await store.count(delhi, asked)).toBe(0)
  await write(store, pune, change('b', { rows: [coded('x')] }))
  expect(await count()).toBe(1)
  const beside = await openAt(url, now)
  await write(beside, pune, change('c', { rows: [coded('x')] }))
  expect(await count()).toBe(2)
  await beside.close()
  await write(store, pune, next(change('b', { rows: [coded('y')] })))
  expect(await count()).toBe(1)
  await store.addRows(pune, [])
  expect(await count()).toBe(1)
  await client.close()
  await store.close()
  await dropDatabase(url)
})

/** What a process wrote while nobody else writes is read without the database; whatever anybody writes after it is seen. */
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { Binary, MongoClient } from 'mongodb'
import type { MongoStore } from '../../../adapters/mongo/store.ts'
import { change, deletion, next, pune, times, write } from '../../contract/store/material.ts'
import { dropDatabase, newDatabase } from '../../support/mongo-database.ts'
import { openAt } from './open.ts'

const now = () => Date.UTC(2026, 0, 1)
let url: string
let store: MongoStore
let client: MongoClient

beforeEach(async () => {
  url = newDatabase()
  store = await openAt(url, now)
  client = await new MongoClient(url).connect()
})
afterEach(async () => {
  await client.close()
  await store.close()
  await dropDatabase(url)
})

/** Nobody is told: only who asks the database sees it. */
const rewrite = () =>
  client
    .db()
    .collection('resource')
    .updateMany({ body: { $exists: true } }, { $set: { body: new Binary(Buffer.from('{"x":1}')) } })
const read = (id: string, number?: number) => store.read(pune, 'Patient', id, number)
const seen = async (id: string, number?: number) => {
  const found = await read(id, number)
  return found && [found.number, found.method, found.json === '{"x":1}' ? 'asked' : 'known']
}

test('the newest version is known, and one before it is asked for', async () => {
  const first = change('a')
  const [one] = await write(store, pune, first)
  const [two] = await write(store, pune, next(first))
  await rewrite()
  expect(await read('a')).toEqual(two)
  expect(await read('a', 2)).toEqual(two)
  expect(await seen('a', 1)).toEqual([1, 'create', 'asked'])
  expect(one?.number).toBe(1)
  await write(store, pune, deletion(next(first)))
  expect(await seen('a')).toEqual([3, 'delete', 'known'])
})

test('what was refused, and what is very large, is asked for', async () => {
  const large = change('b', { json: JSON.stringify({ text: 'x'.repeat(200_000) }) })
  await write(store, pune, change('a'), large)
  await expect(write(store, pune, change('a'))).rejects.toMatchObject({ reason: 'version' })
  await rewrite()
  expect(await seen('a')).toEqual([1, 'create', 'asked'])
  expect(await seen('b')).toEqual([1, 'create', 'asked'])
})

test('of many the last ones are known', async () => {
  const json = JSON.stringify({ text: 'x'.repeat(90_000) })
  for (let n = 0; n < 20; n++)
    await write(store, pune, ...times(10, k => change(`${n}-${k}`, { json })))
  await rewrite()
  expect(await seen('0-0')).toEqual([1, 'create', 'asked'])
  expect(await seen('19-9')).toEqual([1, 'create', 'known'])
})

test('what another process writes is seen at once, and after it has gone', async () => {
  const first = change('a')
  await write(store, pune, first, change('b'))
  const other = await openAt(url, now)
  const [two] = await write(other, pune, next(first))
  expect(await read('a')).toEqual(two)
  const [three] = await write(store, pune, next(next(first)))
  await write(other, pune, deletion(next(next(first))))
  expect(await seen('a')).toEqual([4, 'delete', 'known'])
  expect(three?.number).toBe(3)
  await rewrite()
  expect(await seen('b')).toEqual([1, 'create', 'asked'])
  await other.close()
  // Until it is known again that nobody else writes.
  for (;;) {
    await write(store, pune, change('c', { replaces: (await read('c'))?.number ?? 0 }))
    await rewrite()
    if ((await seen('c'))?.[2] === 'known') break
  }
  expect(await seen('a')).toEqual([4, 'delete', 'known'])
  expect(await seen('b')).toEqual([1, 'create', 'asked'])
})

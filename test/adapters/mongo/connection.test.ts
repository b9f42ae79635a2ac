import { expect, test } from '@jest/globals'
import { MongoClient } from 'mongodb'
import { databaseIn } from '../../../adapters/mongo/address.ts'
import { decimalKey } from '../../../resources/search/decimal.ts'
import type { Row } from '../../../resources/store.ts'
import { byCode, change, coded, pune, query, times, write } from '../../contract/store/material.ts'
import { databaseAt, dropDatabase, newDatabase } from '../../support/mongo-database.ts'
import { openAt } from './open.ts'

const now = () => Date.UTC(2026, 0, 1)

test('a second start finds what the first wrote, and goes on after it', async () => {
  const url = newDatabase()
  const first = await openAt(url, () => now() + 60_000)
  const [a] = await write(first, pune, change('a'))
  await first.close()
  const second = await openAt(url, now)
  expect(await second.read(pune, 'Patient', 'a')).toEqual(a)
  const [b] = await write(second, pune, change('b'))
  expect(b?.at).toBe(a?.at)
  expect(b?.seq).toBeGreaterThan(a?.seq ?? Number.POSITIVE_INFINITY)
  await second.close()
  await dropDatabase(url)
})

test('a database of a newer program is refused', async () => {
  const url = newDatabase()
  await (await openAt(url, now)).close()
  const client = new MongoClient(url)
  await client
    .db()
    .collection<{ _id: string }>('meta')
    .updateOne({ _id: 'schema' }, { $inc: { number: 1 } })
  await client.close()
  await expect(openAt(url, now)).rejects.toThrow(/newer version of this server.*start that one/)
  await dropDatabase(url)
})

test('an address that is none is refused, and its password is not told', async () => {
  for (const url of ['mongodb://', 'mongodb://asha:secret@', 'http://asha:secret@127.0.0.1'])
    await expect(openAt(url, now)).rejects.toThrow(/^STORE_URL is no address of a MongoDB/)
})

test.each(['a.b', 'a b', 'a"b', '$a', 'a/b', 'a\\b', 'a\0b', 'n'.repeat(64), 'क'.repeat(22)])(
  'no database can have the name %j, and that is told',
  async name => {
    const url = databaseAt(newDatabase(), encodeURIComponent(name))
    await expect(openAt(url, now)).rejects.toThrow(
      `STORE_URL names a database ${JSON.stringify(name)}: a name has up to 63 bytes, and none of / \\ . " $ and spaces`,
    )
  },
)

test.each(['admin', 'local', 'config', 'Admin'])("%s is MongoDB's own database", async name => {
  await expect(openAt(databaseAt(newDatabase(), name), now)).rejects.toThrow(
    `STORE_URL names ${name}, which is a database of MongoDB itself: name another one, such as mongodb://…/nidaan, and say where its user is known by ?authSource=admin`,
  )
})

test('a name that another database has in other letters is refused', async () => {
  const url = newDatabase()
  const first = await openAt(url, now)
  const name = new URL(url).pathname.slice(1)
  await expect(openAt(databaseAt(url, name.toUpperCase()), now)).rejects.toThrow(
    `the MongoDB has a database whose name differs from ${name.toUpperCase()} in capital letters only: give STORE_URL that one, or another`,
  )
  await first.close()
  await dropDatabase(url)
})

test.each([
  ['n'.repeat(63), 'n'.repeat(63)],
  ['', 'nidaan'],
  ['?replicaSet=rs0', 'nidaan'],
  ['%E0%A4%95?w=1', 'क'],
])('of the address with /%s the database is %s', (path, name) => {
  expect(databaseIn(`mongodb://u:p%40@a:1,b:2/${path}`)).toBe(name)
})

test('of a database of schema 1 it is learned which systems codes have', async () => {
  const url = newDatabase()
  const first = await openAt(url, now)
  const low = decimalKey('1')
  const amount = { kind: 'quantity', low, high: low, system: 'u', unit: 'mg' } as const
  const rows: Row[] = [
    coded('1'),
    { kind: 'token', param: 'mine@7', code: 'x', system: 'http://example.org/mine' },
    { kind: 'token', param: 'identifier:of-type', first: 'v2|MR', code: '1', system: 'http://mrn' },
    { ...amount, param: 'code-value', first: 'http://a|b=c|8480' },
  ]
  await write(first, pune, change('p', { rows }))
  await first.close()
  const client = new MongoClient(url)
  const systems = client.db().collection('system')
  const before = await systems.find().sort({ _id: 1 }).toArray()
  expect(before).toHaveLength(5)
  await systems.drop()
  await client
    .db()
    .collection<{ _id: string }>('meta')
    .updateOne({ _id: 'schema' }, { $set: { number: 1 } })
  const second = await openAt(url, now)
  expect(await systems.find().sort({ _id: 1 }).toArray()).toEqual(before)
  const any = { kind: 'token', param: 'identifier', code: '1' } as const
  expect(await second.count(pune, query({ where: [any] }))).toBe(1)
  await second.close()
  await client.close()
  await dropDatabase(url)
})

test('an index that is missing is made while all goes on', async () => {
  const url = newDatabase()
  const first = await openAt(url, now)
  await write(first, pune, ...times(300, n => change(`p${n}`, { rows: [coded('1')] })))
  await first.close()
  const client = new MongoClient(url)
  const resource = client.db().collection('resource')
  for (const { name, key } of await resource.indexes())
    if (['x', 'at', 'w', 'd.p'].some(field => field in key)) await resource.dropIndex(name ?? '')
  // As a program before this one had it.
  await resource.createIndex({ t: 1, 'd.p': 1, 'd.lo': 1 })
  const second = await openAt(url, now)
  await write(second, pune, change('q', { rows: [coded('1')] }))
  for (;;)
    try {
      expect(await second.count(pune, query({ where: [byCode('1')] }))).toBe(301)
      break
    } catch (error) {
      expect(error).toMatchObject({ status: 503, headers: { 'Retry-After': '30' } })
    }
  expect(await resource.indexes()).toHaveLength(10)
  await second.close()
  await client.close()
  await dropDatabase(url)
})

/** What a chain leads to is kept for who asks again, until anybody has written something of its type. */
import { expect, test } from '@jest/globals'
import { MongoClient } from 'mongodb'
import type { Predicate } from '../../../resources/search/query.ts'
import type { Change, Row } from '../../../resources/store.ts'
import { change, deletion, idsOf, next, pune, query, write } from '../../contract/store/material.ts'
import { dropDatabase, newDatabase } from '../../support/mongo-database.ts'
import { openAt } from './open.ts'

const now = () => Date.UTC(2026, 0, 1)

const named = (text: string): { rows: Row[] } => ({
  rows: [{ kind: 'string', param: 'name', text, exact: text }],
})
const patient = (id: string, text = 'tara'): Change =>
  change(id, { type: 'Patient', ...named(text) })
const encounter = (id: string, of: string): Change =>
  change(id, {
    type: 'Encounter',
    rows: [{ kind: 'reference', param: 'subject', target: `Patient/${of}` }],
  })

const chain: Predicate = {
  kind: 'chain',
  param: 'subject',
  types: ['Patient'],
  where: [{ kind: 'string', param: 'name', text: 'tara', match: 'starts' }],
}

async function open() {
  const url = newDatabase()
  const store = await openAt(url, now)
  const client = await new MongoClient(url).connect()
  return {
    url,
    store,
    found: async (where: Predicate[] = [chain]) =>
      idsOf((await store.search(pune, query({ types: ['Encounter'], where }))).versions).toSorted(),
    /** Nobody is told: only what is looked for again shows it. */
    unname: () =>
      client
        .db()
        .collection('resource')
        .updateMany({ ty: 'Patient' }, { $unset: { x: 1 } }),
    async close() {
      await client.close()
      await store.close()
      await dropDatabase(url)
    },
  }
}

test('it is looked for again after anything of its type was written, by whomever', async () => {
  const { url, store, found, unname, close } = await open()
  await write(store, pune, patient('a'), encounter('e', 'a'))
  expect(await found()).toEqual(['e'])
  await unname()
  expect(await found()).toEqual(['e'])
  await write(store, pune, encounter('f', 'a'))
  expect(await found()).toEqual(['e', 'f'])
  await write(store, pune, patient('b'), encounter('g', 'b'))
  expect(await found()).toEqual(['g'])
  await unname()
  expect(await found()).toEqual(['g'])
  await store.addRows(pune, [])
  expect(await found()).toEqual([])

  const beside = await openAt(url, now)
  await write(beside, pune, patient('c'), encounter('h', 'c'))
  expect(await found()).toEqual(['h'])
  await unname()
  expect(await found()).toEqual([])
  await beside.close()
  await close()
})

test('a name that is another one, and who is gone', async () => {
  const { store, found, close } = await open()
  const [a, b] = [patient('a'), patient('b')]
  await write(store, pune, a, b, encounter('e', 'a'), encounter('f', 'b'))
  expect(await found()).toEqual(['e', 'f'])
  const a2 = next(a, named('usha'))
  await write(store, pune, a2)
  expect(await found()).toEqual(['f'])
  await write(store, pune, next(a2, named('tara')))
  expect(await found()).toEqual(['e', 'f'])
  await write(store, pune, deletion(b))
  expect(await found()).toEqual(['e'])
  await close()
})

test('what leads on to another type is looked for each time', async () => {
  const { store, found, unname, close } = await open()
  const has: Predicate = {
    ...chain,
    where: [{ kind: 'has', type: 'Encounter', param: 'subject', where: [] }, ...chain.where],
  }
  await write(store, pune, patient('a'), encounter('e', 'a'))
  expect(await found([has])).toEqual(['e'])
  await unname()
  expect(await found([has])).toEqual([])
  await close()
})

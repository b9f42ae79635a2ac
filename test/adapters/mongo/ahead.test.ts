/** A process is alone after another one is gone whose clock was ahead of its own. */
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { MongoStore } from '../../../adapters/mongo/store.ts'
import type { Predicate } from '../../../resources/search/query.ts'
import type { Change, Row } from '../../../resources/store.ts'
import { change, idsOf, next, pune, query, walk, write } from '../../contract/store/material.ts'
import { dropDatabase, newDatabase } from '../../support/mongo-database.ts'
import { openAt } from './open.ts'

const now = () => Date.UTC(2026, 0, 1)

let url: string
let store: MongoStore

beforeEach(async () => {
  url = newDatabase()
  store = await openAt(url, now)
})
afterEach(async () => {
  await store.close()
  await dropDatabase(url)
})

async function writtenAhead(...changes: Change[]): Promise<void> {
  const ahead = await openAt(url, () => now() + 5000)
  for (const each of changes) await write(ahead, pune, each)
  await ahead.close()
  // By then it is known to be gone.
  await wait(2500)
}

const named = (text: string): { rows: Row[] } => ({
  rows: [{ kind: 'string', param: 'name', text, exact: text }],
})
const encounter = (id: string, of: string): Change =>
  change(id, {
    type: 'Encounter',
    rows: [{ kind: 'reference', param: 'subject', target: `Patient/${of}` }],
  })
const tara: Predicate = { kind: 'string', param: 'name', text: 'tara', match: 'starts' }
const chain: Predicate = { kind: 'chain', param: 'subject', types: ['Patient'], where: [tara] }

test('pages show what it wrote', async () => {
  await writtenAhead(...['a', 'b', 'c'].map(id => change(id)))
  const { versions } = await walk(asked => store.search(pune, asked), query({ count: 1 }))
  expect(idsOf(versions).toSorted()).toEqual(['a', 'b', 'c'])
})

test('what a chain leads to, and a count, are those of what was written since', async () => {
  await writtenAhead(change('z', named('usha')), encounter('y', 'z'))
  const asked = query({ types: ['Encounter'], where: [chain] })
  const found = async () => [
    idsOf((await store.search(pune, asked)).versions),
    await store.count(pune, asked),
    await store.count(pune, query({ types: ['Patient'], where: [tara] })),
  ]
  const a = change('a', named('tara'))
  await write(store, pune, a, encounter('e', 'a'))
  expect(await found()).toEqual([['e'], 1, 1])
  await write(store, pune, next(a, named('usha')))
  expect(await found()).toEqual([[], 0, 0])
})

/** Chains to whom a resource is about, where so many are meant that all of the type is gone through. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { MongoStore } from '../../../adapters/mongo/store.ts'
import { rowsOf } from '../../../resources/search/inside.ts'
import type { Predicate, Query } from '../../../resources/search/query.ts'
import type { Change, Row } from '../../../resources/store.ts'
import {
  change,
  deletion,
  idsOf,
  next,
  pune,
  query,
  walk,
  write,
} from '../../contract/store/material.ts'
import { dropDatabase, newDatabase } from '../../support/mongo-database.ts'
import { openAt } from './open.ts'

const url = newDatabase()
const day = 86_400_000
const from = Date.UTC(2026, 0, 1)
let store: MongoStore

const named = (text: string): Row => ({ kind: 'string', param: 'name', text, exact: text })
const about = (...ids: string[]): Row[] =>
  ids.map(id => ({ kind: 'reference', param: 'subject', target: `Patient/${id}` }))
const status = (code: string): Row => ({ kind: 'token', param: 'status', code, system: '' })
const encounter = (n: number, rows: Row[]): Change =>
  change(`e${n}`, { type: 'Encounter', date: from + (n >> 1) * day, rows })

/** Every third patient is called tara. */
const patients = Array.from({ length: 900 }, (_, n) =>
  change(`p${n}`, { rows: [named(n % 3 === 0 ? 'tara' : 'asha')] }),
)
const isTara = (n: number) => n % 3 === 0
/** Of each patient two; of some more than one patient, or none. */
const subjects = Array.from({ length: 1800 }, (_, n) => {
  const one = (n * 7) % 900
  if (n % 50 === 0) return []
  return n % 40 === 0 ? [one, (one + 1) % 900] : [one]
})
const held = rowsOf('subject', 'Patient', 'name')
/** One in a hundred holds whom it is about. */
const holds = (n: number): string => (n % 100 === 50 ? (n % 200 ? 'tara' : 'asha') : '')
const encounters = subjects.map((of, n) =>
  encounter(n, [
    ...about(...of.map(p => `p${p}`)),
    ...(holds(n) ? [{ ...named(holds(n)), param: held } as Row] : []),
    status(n % 2 ? 'finished' : 'planned'),
  ]),
)
const expected = subjects.flatMap((of, n) =>
  of.some(isTara) || holds(n) === 'tara' ? [`e${n}`] : [],
)

const tara = (param: string): Predicate => ({
  kind: 'string',
  param,
  text: 'tara',
  match: 'starts',
})
const alone: Predicate = {
  kind: 'chain',
  param: 'subject',
  types: ['Patient'],
  where: [tara('name')],
}
/** As a chain is read: the subject may be contained. */
const called: Predicate = { kind: 'or', any: [alone, tara(held)] }
const asked = (more: Partial<Query> = {}): Query =>
  query({ types: ['Encounter'], where: [called], count: 20, ...more })
const newestFirst = [{ by: 'date', descending: true }] as const
const search = (asked: Query) => store.search(pune, asked)

beforeAll(async () => {
  store = await openAt(url, () => from)
  for (const all of [patients, encounters])
    for (let n = 0; n < all.length; n += 100) await write(store, pune, ...all.slice(n, n + 100))
})

afterAll(async () => {
  await store.close()
  await dropDatabase(url)
})

const wayOf = async (query: Query) =>
  (await store.explain(pune, query)).find(({ step }) => step.startsWith('subjects'))?.step

test('all of them are found, page by page, in both orders', async () => {
  expect(await wayOf(asked())).toBe('subjects by any of 2')
  const there = await walk(search, asked())
  expect(idsOf(there.versions)).toEqual(expected)
  const back = await walk(search, asked({ sort: [...newestFirst] }))
  expect(idsOf(back.versions)).toEqual(expected.toReversed())
})

test('what else is asked holds of each', async () => {
  const where = [called, { kind: 'not', not: status('planned') } as Predicate]
  expect(await wayOf(asked({ where }))).toBe('subjects by any of 2')
  const { versions } = await walk(search, asked({ where }))
  expect(idsOf(versions)).toEqual(expected.filter(id => Number(id.slice(1)) % 2 === 1))
})

test('what is written between two pages changes nothing of them', async () => {
  const first = await search(asked())
  const at = (id: string | undefined) => encounters[Number(id?.slice(1))] as Change
  const [gone, moved, other] = [expected[30], expected[41], 'e1'].map(at) as [
    Change,
    Change,
    Change,
  ]
  await write(
    store,
    pune,
    deletion(gone),
    next(moved, { rows: about('p1') }),
    next(other, { rows: about('p0') }),
  )
  const rest = await walk(search, asked({ after: first.next ?? '' }))
  expect(idsOf([...first.versions, ...rest.versions])).toEqual(expected)
  const now = await walk(search, asked())
  const left = expected.filter(id => id !== gone.id && id !== moved.id)
  expect(idsOf(now.versions).toSorted()).toEqual([...left, 'e1'].toSorted())
})

/** What is too large or too much is refused in words, and leaves nothing. */
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { MongoStore } from '../../../adapters/mongo/store.ts'
import type { Predicate } from '../../../resources/search/query.ts'
import type { Row } from '../../../resources/store.ts'
import {
  change,
  coded,
  next,
  past,
  pune,
  query,
  times,
  write,
} from '../../contract/store/material.ts'
import { openEmpty } from './open.ts'

let store: MongoStore
const now = () => Date.UTC(2026, 0, 1)
beforeEach(async () => {
  store = await openEmpty(now, { searches: 2, searchQueue: 3, writeQueue: 100_000 })
})
afterEach(() => store.close())

const tooLarge = {
  name: 'FhirError',
  status: 413,
  message: 'the resource is too large: with what it is found by it must be under 16 MB',
}
const large = (bytes: number): string => JSON.stringify({ data: 'a'.repeat(bytes) })

test('a document beyond what the database takes is 413, with all of its commit', async () => {
  const big = change('big', { json: large(16 * 1024 * 1024) })
  await expect(write(store, pune, change('a'), big)).rejects.toMatchObject(tooLarge)
  const rows: Row[] = times(150_000, n => ({
    kind: 'reference',
    param: 'member',
    target: `Patient/${n}-of-a-very-large-group`,
  }))
  const group = change('group', { json: large(8 * 1024 * 1024), rows })
  await expect(write(store, pune, group)).rejects.toMatchObject(tooLarge)
  expect(await past(store)).toEqual([])
})

test('the largest that it takes is stored, and superseded', async () => {
  const json = large(16_700_000)
  const first = change('a', { json })
  await write(store, pune, first)
  expect((await store.read(pune, 'Patient', 'a'))?.json).toBe(json)
  await write(store, pune, next(first, { json }))
  expect(await past(store)).toEqual(['Patient/a 2', 'Patient/a 1'])
})

test('commits of more than a message holds are written whole', async () => {
  const many = times(180, n => change(`p${n}`, { json: large(100_000) }))
  expect(await write(store, pune, ...many)).toHaveLength(180)
  // Of few that are not long the bytes are more than the characters.
  const words = large(100_000).replaceAll('a', 'पुण')
  await write(store, pune, ...times(20, n => change(`w${n}`, { json: words })))
  expect(await store.totals(pune)).toEqual({ Patient: 200 })
  expect((await store.read(pune, 'Patient', 'w19'))?.json).toBe(words)
})

const several = (any: Predicate[]): Predicate => ({ kind: 'or', any })
const codes = (length: number) => times(17_000, n => coded(`${n}${'x'.repeat(length)}`))
const label: Predicate = { kind: 'label', param: 'identifier', text: 'number' }

test.each<[string, Predicate, RegExp]>([
  ['texts', several(times(5, () => label)), /^identifier:text: .* too long together/],
  ['codes', several(codes(950) as Predicate[]), /^identifier: .* ask for them in parts/],
  ['more codes', several(codes(2000) as Predicate[]), /^identifier: .* ask for them in parts/],
  ['ids', { kind: 'id', ids: times(300_000, n => `${n}${'x'.repeat(50)}`) }, /^_id: /],
])('%s that are too long together are 422, by the parameter', async (_, where, message) => {
  const labels = times(4500, n => `number ${n} ${'क'.repeat(290)}`)
  const rows = labels.map((text): Row => ({ kind: 'label', param: 'identifier', text }))
  for (let n = 0; n < 15; n++)
    await write(store, pune, change(`a${n}`, { rows: rows.slice(300 * n, 300 * (n + 1)) }))
  const refused = { name: 'FhirError', status: 422, message: expect.stringMatching(message) }
  const asked = query({ where: [where] })
  await expect(store.search(pune, asked)).rejects.toMatchObject(refused)
  await expect(store.count(pune, asked)).rejects.toMatchObject(refused)
  const checks = [{ query: asked, ids: [], name: 'free' }]
  const made = store.commit(pune, () => ({ changes: [change('x')], checks }))
  await expect(made).rejects.toMatchObject(refused)
})

test('writes beyond those that may wait are 503', async () => {
  const answers = await Promise.allSettled(
    times(5, n => write(store, pune, change(`a${n}`, { json: large(60_000) }))),
  )
  expect(answers.map(({ status }) => status)).toEqual([
    'fulfilled',
    'fulfilled',
    ...times(3, () => 'rejected'),
  ])
  expect(answers.at(-1)).toMatchObject({
    reason: { status: 503, message: 'too many writes are waiting: try again shortly' },
  })
  await write(store, pune, change('after'))
  expect(await store.totals(pune)).toEqual({ Patient: 3 })
})

test('a search that nobody waits for any more ends, wherever it is', async () => {
  const all = times(5, () => new AbortController())
  const searches = all.map(({ signal }) => store.search(pune, query(), { signal }))
  const answers = Promise.allSettled(searches)
  await new Promise(setImmediate)
  for (const each of all) each.abort()
  for (const answer of await answers)
    expect(answer).toMatchObject({
      reason: { status: 503, message: 'nobody waits for the answer any more' },
    })
  expect((await store.search(pune, query())).versions).toEqual([])
})

test('a search of a request that was let in waits behind however many', async () => {
  const others = times(7, () => store.search(pune, query()).catch(({ status }) => status))
  const mine = times(7, () => store.search(pune, query(), { goesOn: true }))
  mine.push(
    ...times(7, async () => ({
      versions: [],
      next: `${await store.count(pune, query(), { goesOn: true })}`,
    })),
  )
  expect((await Promise.all(mine)).map(({ versions }) => versions)).toEqual(times(14, () => []))
  expect((await Promise.all(others)).filter(each => each === 429)).toHaveLength(2)
  expect(store.waiting()).toEqual({ writes: 0, searches: 0 })
})

test('searches beyond those that may wait are 429', async () => {
  const answers = await Promise.allSettled(times(7, () => store.search(pune, query())))
  expect(answers.map(({ status }) => status)).toEqual([
    ...times(5, () => 'fulfilled'),
    ...times(2, () => 'rejected'),
  ])
  expect(answers.at(-1)).toMatchObject({
    reason: { status: 429, message: 'too many searches are waiting: try again shortly' },
  })
  expect((await store.search(pune, query())).versions).toEqual([])
  expect(store.waiting()).toEqual({ writes: 0, searches: 0 })
})

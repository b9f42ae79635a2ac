/** Several processes on one database are as one: here each is a store of its own, with its own queue and numbers. */
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { MongoStore } from '../../../adapters/mongo/store.ts'
import { decimalKey } from '../../../resources/search/decimal.ts'
import { ucum } from '../../../resources/search/ucum.ts'
import type { Change, Row } from '../../../resources/store.ts'
import {
  byCode,
  change,
  coded,
  conflict,
  found,
  named,
  next,
  past,
  pune,
  query,
  times,
  walk,
  write,
} from '../../contract/store/material.ts'
import { dropDatabase, newDatabase } from '../../support/mongo-database.ts'
import { openAt } from './open.ts'

const clocks = [0, 0, 0].map(() => ({ now: Date.UTC(2026, 0, 1) }))
let url: string
let stores: MongoStore[] = []

beforeEach(async () => {
  url = newDatabase()
  for (const clock of clocks) clock.now = Date.UTC(2026, 0, 1)
  stores = []
  for (const clock of clocks) stores.push(await openAt(url, () => clock.now))
})
afterEach(async () => {
  await Promise.all(stores.map(store => store.close()))
  await dropDatabase(url)
})

const each = (n: number): MongoStore => stores[n % stores.length] as MongoStore
const fulfilled = (answers: PromiseSettledResult<unknown>[]) =>
  answers.filter(({ status }) => status === 'fulfilled')

test('of 60 conditional creates by the same criteria, one is taken', async () => {
  for (let round = 0; round < 5; round++) {
    const check = { query: query({ where: [byCode(`${round}`)] }), ids: [], name: 'free' }
    const answers = await Promise.allSettled(
      times(60, n =>
        each(n).commit(pune, () => ({
          changes: [change(`a${round}-${n}`, { rows: [coded(`${round}`)] })],
          checks: [check],
        })),
      ),
    )
    expect(fulfilled(answers)).toHaveLength(1)
    for (const answer of answers)
      if (answer.status === 'rejected')
        expect(answer.reason).toMatchObject(conflict('check', 'free'))
    expect(await found(each(round), [byCode(`${round}`)])).toHaveLength(1)
  }
})

test('of two that look for what the other makes by another identifier, one is taken', async () => {
  for (let round = 0; round < 20; round++) {
    const rows = ['mrn', 'abha'].map(word => coded(`${word}${round}`))
    const answers = await Promise.allSettled(
      ['mrn', 'abha'].map((word, n) =>
        each(n).commit(pune, () => ({
          changes: [change(`a${round}-${n}`, { rows })],
          checks: [{ query: query({ where: [byCode(`${word}${round}`)] }), ids: [], name: 'free' }],
        })),
      ),
    )
    expect(fulfilled(answers)).toHaveLength(1)
  }
})

test('conditional creates by criteria of their own are all taken', async () => {
  await Promise.all(
    times(120, n =>
      each(n).commit(pune, () => ({
        changes: [change(`a${n}`, { rows: [coded(`${n}`)] })],
        checks: [{ query: query({ where: [byCode(`${n}`)] }), ids: [], name: 'free' }],
      })),
    ),
  )
  expect(await each(0).totals(pune)).toEqual({ Patient: 120 })
})

test('of 60 that replace one version, or make one resource, one is taken', async () => {
  const a = change('a')
  for (const made of [a, next(a), next(next(a))]) {
    const answers = await Promise.allSettled(times(60, n => write(each(n), pune, made)))
    expect(fulfilled(answers)).toHaveLength(1)
    for (const answer of answers)
      if (answer.status === 'rejected')
        expect(answer.reason).toMatchObject(conflict('version', 'Patient/a'))
  }
  expect(await past(each(1))).toEqual(['Patient/a 3', 'Patient/a 2', 'Patient/a 1'])
})

test('what one wrote lately, and another has changed since, is not the newest any more', async () => {
  const [one, other] = [each(0), each(1)]
  const a = change('a')
  await write(one, pune, a)
  await write(other, pune, next(a))
  await expect(write(one, pune, next(a))).rejects.toMatchObject(conflict('version', 'Patient/a'))
  await write(one, pune, next(next(a)))
  expect(await past(one)).toEqual(['Patient/a 3', 'Patient/a 2', 'Patient/a 1'])
})

test('whoever loses looks again and goes on, until all have written', async () => {
  const hot = change('hot')
  await write(each(0), pune, hot)
  const client = async (n: number) => {
    for (let made = 0; made < 10; ) {
      const { number = 0 } = (await each(n).read(pune, 'Patient', 'hot')) ?? {}
      const update: Change = { ...next(hot), replaces: number }
      const written = write(each(n), pune, update, change(`c${n}-${made}-${number}`))
      made += (await written
        .then(() => 1)
        .catch(error => {
          expect(error).toMatchObject(conflict('version', 'Patient/hot'))
          return 0
        })) as number
    }
  }
  await Promise.all(times(6, client))
  const versions = await past(each(2), { type: 'Patient', id: 'hot' })
  expect(versions).toEqual(times(61, n => `Patient/hot ${61 - n}`))
  expect(await each(0).totals(pune)).toEqual({ Patient: 61 })
})

test('a later clock elsewhere is not gone behind: the commit is built again', async () => {
  const a = change('a')
  const [, other] = clocks
  if (other) other.now += 5000
  const [first] = await write(each(1), pune, a)
  const asked: number[] = []
  const [second] = await each(0).commit(pune, at => {
    asked.push(at)
    return { changes: [{ ...next(a), json: JSON.stringify({ at }) }] }
  })
  expect(asked).toEqual([(first?.at ?? 0) - 5000, first?.at])
  expect(second).toMatchObject({ at: first?.at, json: JSON.stringify({ at: first?.at }) })
  expect(second?.seq).toBeGreaterThan(first?.seq ?? Number.POSITIVE_INFINITY)
  expect(await each(2).read(pune, 'Patient', 'a')).toEqual(second)
  // Those after it keep the order.
  const [third] = await write(each(0), pune, change('b'))
  expect(third?.at).toBeGreaterThanOrEqual(second?.at ?? Number.POSITIVE_INFINITY)
})

test.each([
  [0, 0, 0],
  [0, 34, 185],
  [185, 0, 34],
])(
  'what one has told of, all others find, on all pages, by clocks %d, %d and %d ms ahead',
  async (...ahead) => {
    for (const [n, clock] of clocks.entries()) clock.now += ahead[n] ?? 0
    const told: string[] = []
    for (let n = 0; n < 20; n++) {
      for (const clock of clocks) clock.now++
      await write(each(n), pune, change(`p${n}`, { rows: [coded('same')] }))
      expect(await each(n + 1).read(pune, 'Patient', `p${n}`)).toBeDefined()
      const { versions } = await walk(
        asked => each(n + 2).search(pune, asked),
        query({ where: [byCode('same')], count: 3 }),
      )
      expect(versions).toHaveLength(n + 1)
      expect(await each(n).totals(pune)).toEqual({ Patient: n + 1 })
      const changes = await each(n + 1).lastChanges(pune, ['Patient'])
      expect(told).not.toContain(changes)
      told.push(changes)
    }
  },
)

test('a code without a system is found in one that another has just begun to use', async () => {
  const anywhere = { kind: 'token', param: 'identifier', code: '1' } as const
  await write(each(0), pune, change('a', { rows: [coded('1')] }))
  for (let round = 1; round < 4; round++) {
    const late = await openAt(url, () => Date.UTC(2026, 0, 1))
    expect(await found(each(0), [anywhere])).toHaveLength(round)
    await write(late, pune, change(`b${round}`, { rows: [coded('1', `urn:system:${round}`)] }))
    expect(await found(each(0), [anywhere])).toHaveLength(round + 1)
    await late.close()
  }
})

test('what one who was alone knows of codes and units is asked for again when another comes', async () => {
  const own = newDatabase()
  const now = () => Date.UTC(2026, 0, 1)
  const first = await openAt(own, now)
  const anywhere = { kind: 'token', param: 'identifier', code: '1' } as const
  const low = decimalKey('1')
  const weight = { kind: 'quantity', param: 'weight', low, high: low, system: ucum } as const
  const measured = (unit: string): Row => ({ ...weight, unit })
  const heavy = { kind: 'amount', param: 'weight', number: 'gt0', asked: 'mg' } as const
  await write(first, pune, change('a', { rows: [coded('1'), measured('kg')] }))
  // As long as it is alone it knows.
  for (let again = 0; again < 2; again++) {
    expect(await found(first, [anywhere])).toHaveLength(1)
    expect(await found(first, [heavy])).toHaveLength(1)
  }
  const late = await openAt(own, now)
  await write(late, pune, change('b', { rows: [coded('1', 'urn:late'), measured('g')] }))
  expect(await found(first, [anywhere])).toHaveLength(2)
  expect(await found(first, [heavy])).toHaveLength(2)
  await late.close()
  await first.close()
  await dropDatabase(own)
})

test('one that starts with an earlier clock writes nothing before what was told as settled', async () => {
  // Their word is that of the earlier clock.
  await Promise.all(stores.map(store => store.close()))
  stores = [await openAt(url, () => Date.UTC(2026, 0, 1) + 5000)]
  const { settled = 0 } = await each(0).history(pune, { count: 1 })
  stores.push(await openAt(url, () => Date.UTC(2026, 0, 1)))
  const [made] = await write(each(1), pune, change('a'))
  expect(made?.at).toBeGreaterThanOrEqual(settled)
})

test('pages see what one with a later clock has told of', async () => {
  const [ahead] = clocks
  if (ahead) ahead.now += 1000
  await write(each(0), pune, ...times(10, n => change(`p${n}`)))
  const { versions } = await walk(asked => each(2).search(pune, asked), query({ count: 3 }))
  expect(versions).toHaveLength(10)
})

test('who follows the history goes on where all of all processes is told', async () => {
  const seen = new Set<string>()
  let [since, more] = [0, true]
  const look = async (store: MongoStore) => {
    const asked = { since, count: 1000 }
    const page = await store.history(pune, asked)
    for (const version of page.versions) seen.add(named(version))
    since = Math.max(since, page.settled ?? 0)
  }
  const looking = (async () => {
    for (let n = 0; more; n++) await look(each(n))
  })()
  const client = async (n: number) => {
    for (let made = 0; made < 20; made++) {
      const clock = clocks[n % 3]
      if (clock) clock.now += 1 + (n % 3)
      await write(each(n), pune, change(`c${n}-${made}`))
    }
  }
  await Promise.all(times(9, client))
  more = false
  await looking
  await look(each(0))
  expect(seen.size).toBe(180)
})

/** Commits that look for something by no code meet at one guard, whichever process they are of: they take turns there. */
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { MongoClient } from 'mongodb'
import { meetingOf } from '../../../adapters/mongo/guard.ts'
import type { MongoStore } from '../../../adapters/mongo/store.ts'
import type { Predicate } from '../../../resources/search/query.ts'
import type { Check, Row } from '../../../resources/store.ts'
import { change, conflict, pune, query, times } from '../../contract/store/material.ts'
import { dropDatabase, newDatabase } from '../../support/mongo-database.ts'
import { openAt } from './open.ts'

const now = () => Date.UTC(2026, 0, 1)
let url: string
let stores: MongoStore[] = []
let client: MongoClient

beforeEach(async () => {
  url = newDatabase()
  stores = []
  for (let n = 0; n < 3; n++) stores.push(await openAt(url, now))
  client = await new MongoClient(url).connect()
})
afterEach(async () => {
  await Promise.all(stores.map(store => store.close()))
  await client.close()
  await dropDatabase(url)
})

const each = (n: number): MongoStore => stores[n % stores.length] as MongoStore
const called = (text: string): Predicate => ({
  ...{ kind: 'string', param: 'name', text, match: 'equals' },
})
const name = (text: string): Row => ({ kind: 'string', param: 'name', text, exact: text })
const bornOn = (day: number): Predicate => ({
  ...{ kind: 'date', param: 'birthdate', lowFrom: day, highTo: day },
})
const birth = (day: number): Row => ({ kind: 'date', param: 'birthdate', low: day, high: day })
const free = (where: Predicate): Check => ({
  query: query({ where: [where] }),
  ids: [],
  name: 'free',
})
const make = (n: number, rows: Row[], where: Predicate, round = 0) =>
  each(n).commit(pune, () => ({
    changes: [change(`a${round}-${n}`, { rows })],
    checks: [free(where)],
  }))

test('of 60 conditional creates by the same name, one is taken', async () => {
  for (let round = 0; round < 3; round++) {
    const by = `sharma ${round}`
    const answers = await Promise.allSettled(times(60, n => make(n, [name(by)], called(by), round)))
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const answer of answers)
      if (answer.status === 'rejected')
        expect(answer.reason).toMatchObject(conflict('check', 'free'))
    expect(await each(round).count(pune, query({ where: [called(by)] }))).toBe(1)
  }
})

test('of two that make what the other looks for, by a name and by a date, one is taken', async () => {
  for (let round = 0; round < 20; round++) {
    const rows = [name(`shah ${round}`), birth(round)]
    const answers = await Promise.allSettled([
      make(0, rows, called(`shah ${round}`), round),
      make(1, rows, bornOn(round), round),
    ])
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  }
})

test('those by names of their own are all taken, and none is outrun at the guard', async () => {
  await client.db().command({ profile: 2 })
  await Promise.all(times(150, n => make(n, [name(`${n}`)], called(`${n}`))))
  await client.db().command({ profile: 0 })
  expect(await each(0).totals(pune)).toEqual({ Patient: 150 })
  const { databaseName } = client.db()
  const lost = { ns: `${databaseName}.guard`, errCode: 112 }
  expect(await client.db().collection('system.profile').find(lost).toArray()).toEqual([])
  expect(stores.map(store => store.waiting().writes)).toEqual([0, 0, 0])
})

test('who stands first and is no more keeps the others for a moment only', async () => {
  const place = meetingOf(pune, { changes: [], checks: [free(called('x'))] })
  const until = new Date(Date.now() + 500)
  const who = 'nidaan that was killed'
  const lines = client.db().collection<{ _id: string }>('lease')
  await lines.insertOne({
    _id: `line/${place}`,
    holder: who,
    until,
    line: [{ who, until }],
  } as never)
  const made = await Promise.all(times(6, n => make(n, [name(`${n}`)], called(`${n}`))))
  expect(made.flat().every(({ at }) => at >= now())).toBe(true)
  // They leave when they have been answered.
  const left = { _id: `line/${place}`, line: [] }
  while (!(await lines.findOne(left))) await wait(10)
})

/** How MongoDB goes about each kind of predicate and order: by a short range of an index, never by looking at everything. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { countHits, searchPage } from '../../../adapters/mongo/search.ts'
import { type Examined, type Watched, watch } from '../../../bench/watched.ts'
import { decimalKey } from '../../../resources/search/decimal.ts'
import type { Predicate, Query, Sort } from '../../../resources/search/query.ts'
import type { Change, Row } from '../../../resources/store.ts'
import {
  change,
  extractOf,
  idsOf,
  pune,
  query,
  times,
  write,
} from '../../contract/store/material.ts'
import { dropDatabase, newDatabase } from '../../support/mongo-database.ts'
import { openAt } from './open.ts'

const start = Date.UTC(2020, 0, 1)
const hour = 3_600_000
const patients = 300
const observations = 6000
const practitioners = 2000

const token = (param: string, code: string, system = 's'): Row => ({
  kind: 'token',
  param,
  code,
  system,
})
const at = (n: number): number => start + n * hour

function patient(n: number): Change {
  const text = `name${n}`
  const rows: Row[] = [
    token('identifier', `${n}`),
    token('gender', n % 2 ? 'male' : 'female'),
    { kind: 'string', param: 'name', text, exact: text },
    { kind: 'date', param: 'birthdate', low: at(n * 24), high: at(n * 24 + 24) - 1 },
    { kind: 'uri', param: 'url', uri: `http://example.org/${n}` },
  ]
  if (n < 20) rows.push({ kind: 'position', param: 'near', latitude: n, longitude: n })
  return change(`p${n}`, { rows })
}

function observation(n: number): Change {
  const subject = n % 3 ? n % patients : 0
  const rows: Row[] = [
    { kind: 'reference', param: 'subject', target: `Patient/p${subject}` },
    token('code', `c${n % 20}`),
    token('status', n % 500 ? 'final' : 'amended'),
    token('category', n % 2 ? 'laboratory' : 'vital-signs'),
    { kind: 'label', param: 'code', text: `test ${n % 20}` },
    { kind: 'date', param: 'date', low: at(n), high: at(n) },
    {
      kind: 'quantity',
      param: 'value-quantity',
      low: decimalKey(`${n}`),
      high: decimalKey(`${n}`),
      system: 'u',
      unit: n % 1500 === 7 ? 'rare' : 'mg',
    },
  ]
  const words = `seen on day${n}`
  const extract = { ...extractOf(rows, at(n)), patient: `p${subject}`, content: words }
  return { ...change(`o${n}`, { type: 'Observation' }), extract }
}

/** Of a fifth it is known when they were born; of some of these no more than the month, which was over before all others were. */
function practitioner(n: number): Change {
  const [low, high] = n % 25 ? [at(n), at(n)] : [at(-24 * 60), at(-24 * 30)]
  return change(`r${n}`, {
    type: 'Practitioner',
    rows: n % 5 ? [] : [{ kind: 'date', param: 'birthdate', low, high }],
  })
}

const url = newDatabase()
let watched: Watched
beforeAll(async () => {
  let now = start
  const store = await openAt(url, () => now++)
  const all = [
    ...times(patients, patient),
    ...times(observations, observation),
    ...times(practitioners, practitioner),
  ]
  while (all.length) await write(store, pune, ...all.splice(0, 500))
  await store.close()
  watched = watch(url, new URL(url).pathname.slice(1), () => now)
}, 60_000)
afterAll(async () => {
  await watched.close()
  await dropDatabase(url)
})

const of = (param: string, code: string): Predicate => ({
  kind: 'token',
  param,
  code,
  system: 's',
})
const by = {
  first: { kind: 'reference', param: 'subject', targets: ['Patient/p0'] },
  name: { kind: 'string', param: 'name', text: 'name29', match: 'starts' },
  lately: { kind: 'date', param: 'date', highFrom: at(observations - 100) },
  longAgo: { kind: 'date', param: 'date', highTo: at(100) },
} satisfies Record<string, Predicate>
const chain = (where: Predicate[]): Predicate => ({
  kind: 'chain',
  param: 'subject',
  types: ['Patient'],
  where,
})
const has = (where: Predicate[]): Predicate => ({
  kind: 'has',
  type: 'Observation',
  param: 'subject',
  where,
})

/** A page has eleven hits at most, so that the next is known of: nothing here reads more than so many versions. */
const asked: [string, 'Patient' | 'Observation', Predicate[], number][] = [
  ['nothing', 'Observation', [], 11],
  ['an id', 'Observation', [{ kind: 'id', ids: ['o1', 'o2'] }], 2],
  ['a type', 'Observation', [{ kind: 'type', types: ['Observation'] }], 11],
  ['an update', 'Observation', [{ kind: 'updated', from: start }], 11],
  ['what is there', 'Patient', [{ kind: 'present', param: 'name' }], 11],
  ['a code', 'Observation', [of('code', 'c1')], 11],
  // With the one system that there is.
  ['a code of any system', 'Observation', [{ kind: 'token', param: 'code', code: 'c1' }], 12],
  ['a system', 'Patient', [{ kind: 'token', param: 'identifier', system: 's' }], patients],
  [
    'many codes',
    'Observation',
    [{ kind: 'codes', param: 'code', system: 's', codes: times(150, n => `c${n}`) }],
    31,
  ],
  ['a label', 'Observation', [{ kind: 'label', param: 'code', text: 'test 1' }], 22],
  ['a reference', 'Observation', [by.first], 11],
  ['any reference', 'Observation', [{ kind: 'refers', targets: ['Patient/p0'] }], 11],
  ['a patient and a code', 'Observation', [by.first, of('code', 'c3')], 11],
  ['a patient, a code and a date', 'Observation', [by.first, of('code', 'c3'), by.lately], 11],
  [
    'a patient, a code and dates long ago',
    'Observation',
    [by.first, of('code', 'c3'), by.longAgo],
    11,
  ],
  ['a date', 'Observation', [by.lately], 40],
  ['a date long ago', 'Observation', [by.longAgo], 11],
  [
    'a rare and a frequent code',
    'Observation',
    [of('status', 'amended'), of('category', 'vital-signs')],
    12,
  ],
  [
    'one of two codes',
    'Observation',
    [{ kind: 'or', any: [of('code', 'c1'), of('code', 'c2')] }],
    12,
  ],
  ['the beginning of a name', 'Patient', [by.name], 11],
  ['a part of a name', 'Patient', [{ ...by.name, text: '29', match: 'contains' }], patients],
  ['a whole name', 'Patient', [{ ...by.name, match: 'equals' }], 1],
  [
    'a uri',
    'Patient',
    [{ kind: 'uri', param: 'url', uri: 'http://example.org/1', match: 'exact' }],
    1,
  ],
  [
    'uris below',
    'Patient',
    [{ kind: 'uri', param: 'url', uri: 'http://example.org/1', match: 'below' }],
    1,
  ],
  ['words', 'Observation', [{ kind: 'words', in: 'content', words: ['seen', 'on', 'day77'] }], 11],
  [
    'a place',
    'Patient',
    [{ kind: 'near', param: 'near', latitude: 3, longitude: 3, metres: 1000 }],
    1,
  ],
  [
    'a date that is not the main one',
    'Patient',
    [{ kind: 'date', param: 'birthdate', lowFrom: at(0), lowTo: at(24 * 5) }],
    6,
  ],
  [
    'an amount',
    'Observation',
    [
      {
        kind: 'quantity',
        param: 'value-quantity',
        system: 'u',
        unit: 'mg',
        lowFrom: decimalKey('5995'),
      },
    ],
    5,
  ],
  [
    'a frequent code and an amount that most have',
    'Observation',
    [
      of('category', 'laboratory'),
      { kind: 'quantity', param: 'value-quantity', lowFrom: decimalKey('1000') },
    ],
    11,
  ],
  ['what it is not', 'Observation', [{ kind: 'not', not: of('status', 'amended') }], 12],
  ['a chain to one', 'Observation', [chain([of('identifier', '7')])], 12],
  ['a chain to many', 'Observation', [chain([of('gender', 'female')])], 150 + 11],
  ['who has a rare one', 'Patient', [has([of('status', 'amended')])], 30],
  ['who has a frequent one', 'Patient', [has([of('code', 'c7')])], 3000],
]

async function examined(type: string, where: Predicate[], sort: Sort[]): Promise<Examined> {
  const asking: Query = query({ types: [type], where, sort, count: 10 })
  // What there is of a condition is known for a while.
  await searchPage(watched.source(), pune, asking)
  await watched.examined()
  await searchPage(watched.source(), pune, asking)
  return watched.examined()
}

test.each(asked)('a search by %s', async (_, type, where, most) => {
  const { docs, keys, stages } = await examined(type, where, [{ by: 'date', descending: true }])
  expect(stages).not.toContain('COLLSCAN')
  expect(docs).toBeLessThanOrEqual(most)
  expect(keys).toBeLessThanOrEqual(most * 3 + 10)
})

test.each<Predicate>([
  { kind: 'string', param: 'name', text: 'name', match: 'starts' },
  { kind: 'date', param: 'birthdate', highFrom: at(0), lowTo: at(patients * 24) },
])('of many that are not in order, only those of the page are read: $param', async one => {
  const { docs, keys, stages } = await examined(
    'Patient',
    [one],
    [{ by: 'date', descending: true }],
  )
  expect(stages).not.toContain('COLLSCAN')
  expect(docs).toBeLessThanOrEqual(11)
  expect(keys).toBeLessThanOrEqual(patients + 30)
})

test('amounts are not few because their unit is rare: all in the range are read', async () => {
  const amount = { kind: 'quantity', param: 'value-quantity', system: 'u', unit: 'rare' } as const
  const { docs } = await examined(
    'Observation',
    [of('category', 'laboratory'), { ...amount, lowFrom: decimalKey('0') }],
    [{ by: 'value', kind: 'token', params: ['status'], descending: false }],
  )
  expect(docs).toBeLessThanOrEqual(observations / 2 + 10)
})

test('where some of the first end before the range begins, those behind them are looked up', async () => {
  const where: Predicate[] = [{ kind: 'date', param: 'birthdate', highFrom: at(0) }]
  const sort: Sort[] = [{ by: 'date', descending: true }]
  const found = await searchPage(
    watched.source(),
    pune,
    query({ types: ['Practitioner'], where, sort, count: 10 }),
  )
  const expected = times(practitioners, n => n).filter(n => n % 25 && n % 5 === 0)
  expect(idsOf(found.versions)).toEqual(
    expected
      .slice(-10)
      .reverse()
      .map(n => `r${n}`),
  )
  const { docs } = await examined('Practitioner', where, sort)
  expect(docs).toBeLessThanOrEqual(11 + 44)
})

test.each<[string, Sort]>([
  ['the last update', { by: 'updated', descending: true }],
  ['the first update', { by: 'updated', descending: false }],
  ['ids', { by: 'id', descending: false }],
  ['dates', { by: 'date', descending: false }],
])('an order by %s', async (_, sort) => {
  for (const where of [[], [of('category', 'laboratory')]]) {
    const { docs, stages } = await examined('Observation', where, [sort])
    expect(stages.filter(stage => stage === 'COLLSCAN' || stage === 'SORT')).toEqual([])
    expect(docs).toBeLessThanOrEqual(30)
  }
})

test.each<[string, Predicate]>([
  ['one code', of('category', 'laboratory')],
  ['any of two', { kind: 'or', any: [of('category', 'laboratory'), of('status', 'final')] }],
])('pages that go on begin where the page before ended: of %s', async (_, one) => {
  const where = [one]
  for (const sort of [
    { by: 'date', descending: true },
    { by: 'updated', descending: true },
    { by: 'id', descending: false },
  ] satisfies Sort[]) {
    let asking = query({ types: ['Observation'], where, sort: [sort], count: 10 })
    for (let page = 0; page < 30; page++) {
      const { next } = await searchPage(watched.source(), pune, asking)
      asking = { ...asking, after: next ?? '' }
    }
    await watched.examined()
    await searchPage(watched.source(), pune, asking)
    const { docs, stages } = await watched.examined()
    expect(stages.filter(stage => stage === 'COLLSCAN' || stage === 'SORT')).toEqual([])
    expect(docs).toBeLessThanOrEqual(50)
  }
})

test.each<[string, Predicate[], number]>([
  ['all', [], observations],
  ['a code', [of('code', 'c1')], observations / 20],
  [
    'any of two codes',
    [{ kind: 'or', any: [of('code', 'c1'), of('code', 'c2')] }],
    observations / 10,
  ],
  ['a patient and a code', [by.first, of('code', 'c3')], 100],
])('%s are counted by an index alone', async (_, where, hits) => {
  expect(await countHits(watched.source(), pune, query({ types: ['Observation'], where }))).toBe(
    hits,
  )
  expect((await watched.examined()).docs).toBe(0)
})

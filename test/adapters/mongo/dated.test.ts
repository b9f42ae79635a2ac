/** Bounds of the main date go by the order of the index: who has none, several or a long one is found by them all the same. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { countHits, searchPage } from '../../../adapters/mongo/search.ts'
import { type Watched, watch } from '../../../bench/watched.ts'
import { openStart } from '../../../resources/search/instant.ts'
import { matchesAll } from '../../../resources/search/match.ts'
import type { Predicate } from '../../../resources/search/query.ts'
import type { Change, Row } from '../../../resources/store.ts'
import { change, coded, pune, query, times, write } from '../../contract/store/material.ts'
import { dropDatabase, newDatabase } from '../../support/mongo-database.ts'
import { openAt } from './open.ts'

const day = 86_400_000
const first = Date.UTC(2020, 0, 1)
const date = (low: number, high = low): Row => ({ kind: 'date', param: 'date', low, high })

/** Values of the n-th, of each kind there is; the first of them is the main date. */
function datesOf(n: number): Row[] {
  const at = first + n * day
  switch (n % 8) {
    case 0:
      return []
    case 1:
      return [date(at, at + 40 * day)]
    case 2:
      return [date(at), date(first + ((n * 7) % 60) * day)]
    case 3:
      return [date(openStart, at)]
    case 4:
      return [date(at, at + 900 * day)]
    default:
      return [date(at, at + (n % 3) * (day / 3))]
  }
}

const observations: Change[] = times(80, n => {
  const dates = datesOf(n)
  const [one] = dates
  const k = one?.kind === 'date' ? (one.low === openStart ? one.high : one.low) : undefined
  const rows = [coded(n % 3 ? 'often' : 'seldom'), ...dates]
  return change(`o${n}`, { type: 'Observation', rows, ...(k === undefined ? {} : { date: k }) })
})

const url = newDatabase()
let watched: Watched
beforeAll(async () => {
  let now = first
  // Those without a date stand among the others by when they are made.
  const store = await openAt(url, () => now)
  for (const each of observations) {
    now += day
    await write(store, pune, each)
  }
  await store.close()
  watched = watch(url, new URL(url).pathname.slice(1), () => now)
})
afterAll(async () => {
  await watched.close()
  await dropDatabase(url)
})

const at = (n: number): number => first + n * day + day / 4
const bounds: object[] = [
  { lowFrom: at(20) },
  { lowTo: at(40) },
  { highFrom: at(30) },
  { highTo: at(50) },
  { lowTo: at(41), highFrom: at(40) },
  { lowFrom: at(10), highTo: at(30) },
  { lowFrom: at(60), lowTo: at(61) },
  { highFrom: at(70), highTo: at(12) },
]
const asked = bounds.flatMap(one => [[one], ...bounds.map(other => [one, other])])

test('pages and counts by dates are of those whose dates are so', async () => {
  // There is much of all, but for what stands apart.
  const sizes = { get: async (key: string) => (key.startsWith('[100,') ? 0 : 1e6) }
  const source = { ...watched.source(), sizes }
  for (const some of asked)
    for (const more of [[], [{ kind: 'token', param: 'identifier', code: 'often' }]]) {
      const where = [...more, ...some.map(one => ({ kind: 'date', param: 'date', ...one }))]
      const asking = query({ types: ['Observation'], where: where as Predicate[] })
      const expected = observations.filter(each => matchesAll(asking.where, each))
      const { versions } = await searchPage(source, pune, asking)
      const told = [JSON.stringify(where), versions.map(({ id }) => id).sort()]
      expect(told).toEqual([told[0], expected.map(({ id }) => id).sort()])
      expect([told[0], await countHits(source, pune, asking)]).toEqual([told[0], expected.length])
    }
})

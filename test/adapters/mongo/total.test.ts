/** Pages, and their total, are as of the number that they see up to, whatever is written before the first of them is read. */
import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createCommits } from '../../../adapters/mongo/commit.ts'
import { type Connection, connect } from '../../../adapters/mongo/connection.ts'
import { type MongoOptions, openParts, type Parts } from '../../../adapters/mongo/parts.ts'
import { migrate } from '../../../adapters/mongo/schema.ts'
import { searchPage } from '../../../adapters/mongo/search.ts'
import type { Predicate, Query } from '../../../resources/search/query.ts'
import type { Change, Row } from '../../../resources/store.ts'
import {
  byCode,
  change,
  coded,
  idsOf,
  next,
  pune,
  query,
  walk,
} from '../../contract/store/material.ts'
import { dropDatabase, newDatabase } from '../../support/mongo-database.ts'

let now = Date.UTC(2026, 0, 1)
let url: string
let connection: Connection
let parts: Parts
let write: (...changes: Change[]) => Promise<unknown>

beforeEach(async () => {
  url = newDatabase()
  const options: MongoOptions = { url, now: () => now, newId: randomUUID }
  connection = await connect({ ...options, name: randomUUID() })
  await migrate(connection)
  parts = await openParts(options, connection)
  const commits = createCommits(options, parts)
  write = (...changes) => commits.commit(pune, () => ({ changes }))
})
afterEach(async () => {
  await parts.slot.close()
  await connection.client.close()
  await dropDatabase(url)
})

const refers = (to: string): Row => ({ kind: 'reference', param: 'subject', target: to })
const chain: Predicate = {
  ...{ kind: 'chain', param: 'subject', types: ['Patient'] },
  where: [byCode('x')],
}
const patient = (n: number, code: string) => change(`p${n}`, { rows: [coded(code)], date: 10 - n })
const report = (n: number) =>
  change(`o${n}`, { type: 'Observation', rows: [refers(`Patient/p${n}`)], date: 10 - n })

const meanwhile: [string, Partial<Query>, Change][] = [
  ['who is found no more', { where: [byCode('x')] }, next(patient(0, 'x'), { rows: [] })],
  ['who is found by now', { where: [byCode('x')] }, next(patient(1, 'y'), { rows: [coded('x')] })],
  ['who comes', { where: [byCode('x')] }, change('new', { rows: [coded('x')], date: 20 })],
  ['whose place is another', { where: [byCode('x')] }, next(patient(0, 'x'), { date: 1 })],
  [
    'whose subject is found no more',
    { types: ['Observation'], where: [chain] },
    next(patient(0, 'x'), { rows: [] }),
  ],
  [
    'whose subject is found by now',
    { types: ['Observation'], where: [chain] },
    next(patient(1, 'y'), { rows: [coded('x')] }),
  ],
]

const all = async (query: Query): Promise<string[]> =>
  idsOf((await walk(each => searchPage(parts.source(), pune, each), query)).versions)

describe.each([{ total: {} }, {}])('with %j', asks => {
  test.each(meanwhile)('pages are as they were, by %s meanwhile', async (_, asked, written) => {
    const codes = ['x', 'y', 'x', 'x', 'x', 'x']
    await write(...codes.flatMap((code, n) => [patient(n, code), report(n)]))
    now += 1000
    const sort: Query['sort'] = [{ by: 'date', descending: true }]
    const question = query({ count: 2, sort, ...asked })
    const before = await all(question)
    const source = parts.source()
    const asOf: typeof source.asOf = async tenant => {
      const seq = await source.asOf(tenant)
      now += 1000
      await write(written)
      return seq
    }
    const first = await searchPage({ ...source, asOf }, pune, { ...question, ...asks })
    const rest = await all({ ...question, after: first.next ?? '' })
    expect([...idsOf(first.versions), ...rest]).toEqual(before)
    expect(first.total).toBe(asks.total && before.length)
  })
})

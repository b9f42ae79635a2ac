/** A total is that of the pages, whatever is written between the number that they see up to and the first of them. */
import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createCommits } from '../../../adapters/mongo/commit.ts'
import { type Connection, connect } from '../../../adapters/mongo/connection.ts'
import { type MongoOptions, openParts, type Parts } from '../../../adapters/mongo/parts.ts'
import { migrate } from '../../../adapters/mongo/schema.ts'
import { searchPage } from '../../../adapters/mongo/search.ts'
import type { Predicate, Query } from '../../../resources/search/query.ts'
import type { Change, Row } from '../../../resources/store.ts'
import { byCode, change, coded, next, pune, query, walk } from '../../contract/store/material.ts'
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

test.each<[string, Partial<Query>, Change]>([
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
])('by %s meanwhile', async (_, asked, meanwhile) => {
  const codes = ['x', 'y', 'x', 'x', 'x', 'x']
  await write(...codes.flatMap((code, n) => [patient(n, code), report(n)]))
  now += 1000
  const sort: Query['sort'] = [{ by: 'date', descending: true }]
  const question = query({ count: 2, total: {}, sort, ...asked })
  const source = parts.source()
  const first = await searchPage(
    {
      ...source,
      async asOf(tenant) {
        const seq = await source.asOf(tenant)
        now += 1000
        await write(meanwhile)
        return seq
      },
    },
    pune,
    question,
  )
  const { total: _total, ...others } = question
  const { versions } = await walk(each => searchPage(parts.source(), pune, each), {
    ...others,
    after: first.next ?? '',
  })
  const names = [...first.versions, ...versions].map(({ id }) => id)
  expect(names).toEqual([...new Set(names)])
  expect(first.total).toBe(names.length)
  expect(names.length).toBeGreaterThan(3)
})

/** A search that ends early leaves its connection as it was: the next one sees what is there by then. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Connection, connect } from '../../../adapters/sqlite/connection.ts'
import { type ReadCall, runRead } from '../../../adapters/sqlite/engine.ts'
import { openSqlite, type SqliteStore } from '../../../adapters/sqlite/store.ts'
import type { Predicate, Query, Sort } from '../../../resources/search/query.ts'
import type { Page, Row, Step } from '../../../resources/store.ts'
import { change, idsOf, next, pune, query, times, write } from '../../contract/store/material.ts'
import { ownFolder } from '../../support/folder.ts'

const at = ownFolder('searching')
const many = 6000
let store: SqliteStore
let reader: Connection
let cancelled = false
let made = 0

const rowsOf = (n: number): Row[] => [
  { kind: 'string', param: 'name', text: `name ${n}`, exact: '' },
  { kind: 'token', param: 'active', code: 'true', system: '' },
  { kind: 'reference', param: 'link', target: `Patient/p${(n * 7) % many}` },
  { kind: 'date', param: 'birthdate', low: n, high: n },
]

beforeAll(async () => {
  const file = at('all.db')
  store = await openSqlite({ file, threads: false, synchronous: 'NORMAL', now: () => 1000 })
  for (let from = 0; from < many; from += 500)
    await write(store, pune, ...times(500, n => change(`p${from + n}`, { rows: rowsOf(from + n) })))
  reader = connect({ file, readOnly: true })
  reader.cancelWhen(() => cancelled)
})
afterAll(async () => {
  reader.close()
  await store.close()
})

const active: Query['where'] = [{ kind: 'token', param: 'active', code: 'true' }]
const byName: Sort = { by: 'value', kind: 'string', params: ['name'], descending: true }
const byLink: Sort = { by: 'value', kind: 'reference', params: ['link'], descending: false }
const byScore: Sort = {
  by: 'score',
  phrases: [{ in: 'content', words: ['fever'] }],
  descending: true,
}
/** Of all: each has to be looked at. */
const undated: Predicate = { kind: 'not', not: { kind: 'date', param: 'birthdate', lowFrom: 0 } }
const named = (text: string): Query['where'] => [
  { kind: 'string', param: 'name', text, match: 'contains' },
]
const linked: Predicate = { kind: 'chain', param: 'link', types: ['Patient'], where: [undated] }
const asked: [string, ReadCall['do'], Partial<Query>][] = [
  ['stream', 'search', { where: [undated] }],
  ['gather', 'search', { where: active, sort: [byLink] }],
  ['by relevance', 'search', { where: active, sort: [byScore] }],
  ['by value', 'search', { where: [undated], sort: [byName] }],
  ['texts', 'search', { where: named(' 1') }],
  [
    'walk',
    'search',
    {
      where: [{ kind: 'date', param: 'birthdate', lowFrom: 1 }, undated],
    },
  ],
  ['chain', 'search', { where: [linked] }],
  // What another type has to do with is counted anew whatever is written.
  ['count', 'count', { where: [linked] }],
  ['explain', 'explain', { where: named(' 1') }],
]

const run = (what: ReadCall['do'], more: Partial<Query>, ms: number): unknown =>
  runRead(reader, { do: what, tenant: pune, query: query({ count: 10, ...more }), ms } as ReadCall)

/** Ids, a number, or which steps. */
function answer(what: ReadCall['do'], more: Partial<Query>): unknown {
  const given = run(what, more, 20_000)
  if (what === 'search') return idsOf((given as Page).versions)
  return what === 'explain' ? (given as Step[]).map(({ step }) => step) : given
}

/** What was written since is found, and counted. */
async function seesNew(): Promise<void> {
  const id = `new${++made}`
  const row: Row = { kind: 'token', param: 'mark', code: id, system: '' }
  const where: Query['where'] = [{ kind: 'token', param: 'mark', code: id }]
  const task = { types: ['Task'], where }
  const both = () => [(run('search', task, 5000) as Page).versions.length, run('count', task, 5000)]
  expect(both()).toEqual([0, 0])
  const one = change(id, { type: 'Task', rows: [row] })
  await write(store, pune, one)
  expect(both()).toEqual([1, 1])
  await write(store, pune, next(one, { rows: [] }))
  expect(both()).toEqual([0, 0])
}

describe.each(asked)('%s', (_, what, more) => {
  test('ends when it takes too long, and leaves nothing behind', async () => {
    const whole = answer(what, more)
    for (let n = 0; n < 3; n++) {
      await seesNew()
      expect(() => run(what, more, -1)).toThrow('takes too long')
      expect(reader.db.isTransaction).toBe(false)
      await seesNew()
    }
    expect(answer(what, more)).toEqual(whole)
  })

  test('ends when nobody waits, and leaves nothing behind', async () => {
    const whole = answer(what, more)
    await seesNew()
    cancelled = true
    try {
      expect(() => run(what, more, 20_000)).toThrow('nobody waits')
    } finally {
      cancelled = false
    }
    await seesNew()
    expect(answer(what, more)).toEqual(whole)
  })

  test('ends within a transaction that goes on', async () => {
    await seesNew()
    reader.db.exec('BEGIN')
    expect(() => run(what, more, -1)).toThrow('takes too long')
    expect(reader.db.isTransaction).toBe(true)
    expect((run('search', { where: named('name 1') }, 20_000) as Page).versions).toHaveLength(10)
    reader.db.exec('COMMIT')
  })
})

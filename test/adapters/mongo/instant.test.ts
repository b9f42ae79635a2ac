/** A search looks names up before it asks for versions: what is written between the two is in one of them at least. */
import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createCommits } from '../../../adapters/mongo/commit.ts'
import { type Connection, connect } from '../../../adapters/mongo/connection.ts'
import { countHits } from '../../../adapters/mongo/count.ts'
import { type MongoOptions, openParts, type Parts } from '../../../adapters/mongo/parts.ts'
import { migrate } from '../../../adapters/mongo/schema.ts'
import { searchPage } from '../../../adapters/mongo/search.ts'
import type { Source } from '../../../adapters/mongo/source.ts'
import type { MongoStore } from '../../../adapters/mongo/store.ts'
import { decimalKey } from '../../../resources/search/decimal.ts'
import type { Predicate, Query } from '../../../resources/search/query.ts'
import { ucum } from '../../../resources/search/ucum.ts'
import type { Change, Commit, Row } from '../../../resources/store.ts'
import {
  byCode,
  change,
  coded,
  conflict,
  idsOf,
  next,
  pune,
  query,
  times,
  write,
} from '../../contract/store/material.ts'
import { dropDatabase, newDatabase } from '../../support/mongo-database.ts'
import { openAt } from './open.ts'

const now = () => Date.UTC(2026, 0, 1)

let url: string
let connection: Connection
let parts: Parts
let commit: (commit: Commit) => Promise<unknown>
let beside: MongoStore | undefined
/** Somebody writes just when a search is about to ask for versions, after so many other questions. */
let meanwhile: (() => Promise<unknown>) | undefined
let before = 0

beforeEach(async () => {
  url = newDatabase()
  const options: MongoOptions = { url, now, newId: randomUUID }
  connection = await connect({ ...options, name: randomUUID() })
  await migrate(connection)
  parts = await openParts(options, connection)
  const commits = createCommits(options, { ...parts, source: more => held(parts.source(more)) })
  commit = each => commits.commit(pune, () => each)
  meanwhile = undefined
  before = 0
})
afterEach(async () => {
  await beside?.close()
  beside = undefined
  await parts.slot.close()
  await connection.client.close()
  await dropDatabase(url)
})

const another = async (): Promise<MongoStore> => {
  beside = await openAt(url, now)
  return beside
}

/** A source whose questions for versions wait for what is written meanwhile. */
function held(source: Source): Source {
  const first = async () => {
    if (meanwhile && before-- > 0) return
    const work = meanwhile
    meanwhile = undefined
    await work?.()
  }
  const resource = new Proxy(source.collections.resource, {
    get(target, name) {
      const value = Reflect.get(target, name)
      if (name !== 'find' && name !== 'aggregate')
        return typeof value === 'function' ? value.bind(target) : value
      return (...asked: unknown[]) => ({
        toArray: async () => {
          await first()
          return value.apply(target, asked).toArray()
        },
      })
    },
  }) as Source['collections']['resource']
  return { ...source, collections: { ...source.collections, resource } }
}

const labelled = (text: string): Row => ({ kind: 'label', param: 'identifier', text })
const weighing = (unit: string): Row => {
  const low = decimalKey('1')
  return { kind: 'quantity', param: 'dose', low, high: low, system: ucum, unit }
}
const asked: Record<string, { where: Predicate; rows: (n: number) => Row[] }> = {
  label: {
    where: { kind: 'label', param: 'identifier', text: 'number' },
    rows: n => [labelled(`number ${n}`)],
  },
  'code without a system': {
    where: { kind: 'token', param: 'identifier', code: '1' },
    rows: n => [coded('1', `urn:system:${n}`)],
  },
  amount: {
    where: { kind: 'amount', param: 'dose', number: 'gt0', asked: 'kg' },
    rows: n => [weighing(['g', 'mg'][n] ?? '')],
  },
}
const names = Object.keys(asked)
const writers = ['the same process', 'another one']

/** Each of these is found by the same before and after. */
const both = names.flatMap(name => writers.map((writer): [string, string] => [name, writer]))

async function begun(name: string, writer: string) {
  const { where, rows } = asked[name] as (typeof asked)['label']
  const store = writer === 'another one' ? await another() : undefined
  const a = change('a', { rows: rows(0) })
  await commit({ changes: [a, change('b')] })
  const question: Query = query({ where: [where] })
  const update = (n: number, changed: Change = a) => {
    const changes = [next(changed, { rows: rows(n) })]
    return store ? write(store, pune, ...changes) : commit({ changes })
  }
  return { question, update, rows }
}

test.each(both)(
  'what changes from one %s to a new one meanwhile, by %s, is found',
  async (...of) => {
    const { question, update } = await begun(...of)
    const source = () => held(parts.source())
    // What is known of them by then is not all there is.
    expect(await countHits(source(), pune, question)).toBe(1)
    meanwhile = () => update(1)
    const page = await searchPage(source(), pune, question)
    expect(idsOf(page.versions)).toEqual(['a'])
    expect(meanwhile).toBeUndefined()
  },
)

test.each(both)('it is counted: by a %s, by %s', async (...of) => {
  const { question, update } = await begun(...of)
  const source = () => held(parts.source())
  expect(await countHits(source(), pune, question)).toBe(1)
  meanwhile = () => update(1)
  expect(await countHits(source(), pune, question)).toBe(1)
  expect(meanwhile).toBeUndefined()
})

test.each(both)('nothing is made twice by a %s that %s changes meanwhile', async (...of) => {
  const { question, update, rows } = await begun(...of)
  const [, writer] = of
  let written: Promise<unknown> | undefined
  meanwhile = async () => {
    written = update(1)
    // In the same process it waits for those before it.
    if (writer === 'another one') await written
  }
  const made = commit({
    changes: [change('twin', { rows: rows(0) })],
    checks: [{ query: question, ids: [], name: 'free' }],
  })
  await expect(made).rejects.toMatchObject(conflict('check', 'free'))
  await written
  expect(await countHits(parts.source(), pune, question)).toBe(1)
})

test.each([1, 2])(
  'who refers to another one meanwhile is found by a chain, %d questions later',
  async later => {
    const store = await another()
    const refers = (id: string): Row => ({
      ...{ kind: 'reference', param: 'subject', target: `Patient/${id}` },
    })
    const o = change('o', { type: 'Observation', rows: [refers('a')] })
    await commit({ changes: [change('a', { rows: [coded('1')] }), o] })
    const where: Predicate = {
      ...{ kind: 'chain', param: 'subject', types: ['Patient'] },
      where: [{ kind: 'token', param: 'identifier', code: '1', system: 'http://example.org/mrn' }],
    }
    const question = query({ types: ['Observation'], where: [where] })
    before = later
    meanwhile = () =>
      write(store, pune, change('b', { rows: [coded('1')] }), next(o, { rows: [refers('b')] }))
    const made = commit({
      changes: [change('twin', { type: 'Observation', rows: [refers('a')] })],
      checks: [{ query: question, ids: [], name: 'free' }],
    })
    await expect(made).rejects.toMatchObject(conflict('check', 'free'))
    expect(meanwhile).toBeUndefined()
  },
)

test.each([0, 1, 2])(
  'a total leaves out what comes after its pages began, %d questions later',
  async later => {
    const row = { rows: [coded('x')] }
    const [a, b] = [change('a', row), change('b', row)]
    await commit({ changes: [a, b, change('c', row)] })
    // What was written is done with.
    await searchPage(parts.source(), pune, query())
    const first = query({ where: [byCode('x')], count: 1, total: {} })
    before = later
    meanwhile = () =>
      commit({ changes: [next(b, { rows: [coded('y')] }), change('d', row), change('e', row)] })
    const { total, next: after = '' } = await searchPage(held(parts.source()), pune, first)
    expect(meanwhile).toBeUndefined()
    const { versions } = await searchPage(parts.source(), pune, { ...first, count: 9, after })
    expect([total, idsOf(versions)]).toEqual([3, ['b', 'c']])
    // What was told is not told of what there is by now.
    expect((await searchPage(parts.source(), pune, first)).total).toBe(4)
  },
)

test('a total by a chain is of the instant at which its pages began', async () => {
  const refers = (n: number): Change =>
    change(`o${n}`, {
      type: 'Observation',
      rows: [{ kind: 'reference', param: 'subject', target: `Patient/p${n}` }],
    })
  const named = (n: number, code: string) => change(`p${n}`, { rows: [coded(code)] })
  const there = times(6, n => named(n, n < 4 ? 'x' : 'y'))
  await commit({ changes: [...there, ...times(6, refers)] })
  await searchPage(parts.source(), pune, query())
  const chain: Predicate = {
    ...{ kind: 'chain', param: 'subject', types: ['Patient'] },
    where: [byCode('x')],
  }
  const first = query({ types: ['Observation'], where: [chain], count: 1, total: {} })
  const [, one, ...others] = there
  const changes = [one, ...others.slice(-2)].map(each =>
    next(each as Change, { rows: [coded(each === one ? 'y' : 'x')] }),
  )
  meanwhile = () => commit({ changes: [...changes, named(6, 'x'), refers(6)] })
  const page = await searchPage(held(parts.source()), pune, first)
  expect(meanwhile).toBeUndefined()
  const after = { ...first, count: 9, after: page.next ?? '' }
  const { versions } = await searchPage(parts.source(), pune, after)
  expect([page.total, idsOf(versions)]).toEqual([4, ['o1', 'o2', 'o3']])
})

test('what is counted of two sets is counted as of one instant', async () => {
  const many = 20_010
  const row = (n: number) => coded(n % 2 ? 'odd' : 'even')
  for (let from = 0; from < many; from += 1000)
    await commit({
      changes: times(1000, n => change(`p${from + n}`, { rows: [row(from + n), coded('all')] })),
    })
  const not: Predicate = {
    kind: 'not',
    not: { kind: 'token', param: 'identifier', code: 'all', system: 'http://example.org/mrn' },
  }
  const question = query({ where: [not] })
  const source = held(parts.source())
  expect(await countHits(source, pune, question)).toBe(0)
  meanwhile = () => commit({ changes: [change('late', { rows: [coded('all')] })] })
  before = 1
  expect(await countHits(source, pune, question)).toBe(0)
  expect(meanwhile).toBeUndefined()
})

/** How SQLite goes about common queries: by a range of a key, never by looking at everything. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Connection, connect } from '../../../adapters/sqlite/connection.ts'
import { countHits } from '../../../adapters/sqlite/count.ts'
import { waysOf } from '../../../adapters/sqlite/query/hits.ts'
import { historyPage } from '../../../adapters/sqlite/read.ts'
import { scopeOf, searchPage } from '../../../adapters/sqlite/search.ts'
import { openSqlite } from '../../../adapters/sqlite/store.ts'
import { keysOf } from '../../../resources/search/order.ts'
import type { Predicate } from '../../../resources/search/query.ts'
import type { Row } from '../../../resources/store.ts'
import { change, coded, pune, query, write } from '../../contract/store/material.ts'
import { ownFolder } from '../../support/folder.ts'

const file = ownFolder('plans')('plans.db')
const at = Date.UTC(2026, 0, 1)
const rows: Row[] = [
  coded('1'),
  { kind: 'string', param: 'name', text: 'asha', exact: 'Asha' },
  { kind: 'date', param: 'birthdate', low: at, high: at + 1 },
  { kind: 'reference', param: 'link', target: 'Patient/b' },
  { kind: 'uri', param: 'profile', uri: 'http://example.org/p' },
]

let connection: Connection
beforeAll(async () => {
  const store = await openSqlite({ file, now: () => at, threads: false })
  const a = change('a', { rows })
  await write(store, pune, { ...a, extract: { ...a.extract, content: 'haemoglobin' } })
  const called = (n: number): Row[] => [
    { kind: 'string', param: 'name', text: `tara ${n}`, exact: `Tara ${n}` },
    { kind: 'reference', param: 'link', target: `Patient/t${n}` },
  ]
  for (let n = 0; n < 60; n++) await write(store, pune, change(`t${n}`, { rows: called(n) }))
  await store.close()
  connection = connect({ file, readOnly: true })
})
afterAll(() => connection.close())

/** The plans of all statements that look at rows of resources. */
function plans(work: (watched: Connection) => unknown): string[] {
  const texts = new Set<string>()
  const sql: Connection['sql'] = text => {
    texts.add(text)
    return connection.sql(text)
  }
  work({ ...connection, sql })
  return [...texts].flatMap(text => {
    const marks = text.match(/\?/g)?.length ?? 0
    const steps = connection.db.prepare(`EXPLAIN QUERY PLAN ${text}`).all(...Array(marks).fill(0))
    return steps.map(({ detail }) => String(detail))
  })
}

const by = {
  token: { kind: 'token', param: 'identifier', code: '1', system: 'http://example.org/mrn' },
  name: { kind: 'string', param: 'name', text: 'as', match: 'starts' },
  exact: { kind: 'string', param: 'name', text: 'Asha', match: 'exact' },
  since: { kind: 'date', param: 'birthdate', highFrom: at },
  link: { kind: 'reference', param: 'link', targets: ['Patient/b'] },
  profile: { kind: 'uri', param: 'profile', uri: 'http://example.org/p', match: 'exact' },
  updated: { kind: 'updated', from: at },
} satisfies Record<string, Predicate>

test.each<[string, Predicate[], string]>([
  ['a token', [by.token], 'SEARCH r USING PRIMARY KEY (param=? AND code=?)'],
  [
    'the beginning of a name',
    [by.name],
    'SEARCH r USING PRIMARY KEY (param=? AND text>? AND text<?)',
  ],
  ['a name as written', [by.exact], 'SEARCH r USING PRIMARY KEY (param=? AND text=?)'],
  ['a reference', [by.link], 'SEARCH r USING PRIMARY KEY (param=? AND target=?)'],
  [
    'many ids',
    [{ kind: 'id', ids: Array.from({ length: 20 }, (_, n) => (n ? `${n}` : 'a')) }],
    'SEARCH o USING INTEGER PRIMARY KEY (rowid=?)',
  ],
  ['a uri', [by.profile], 'SEARCH r USING PRIMARY KEY (param=? AND uri=?)'],
  ['the time of the last change', [by.updated], 'SEARCH f USING PRIMARY KEY (type=? AND seq>?)'],
])('a search by %s reads a range of its key', (_, where, expected) => {
  const steps = plans(watched => searchPage(watched, pune, query({ where })))
  expect(steps).toContain(expected)
  expect(
    steps.filter(step => step.startsWith('SCAN') && !/^SCAN (\(|j VIRTUAL TABLE)/.test(step)),
  ).toEqual([])
})

test('who many of one name are is asked within the statement, once, for what refers to them', () => {
  const tara: Predicate = { kind: 'string', param: 'name', text: 'tara', match: 'starts' }
  const chain: Predicate = { kind: 'chain', param: 'link', types: ['Patient'], where: [tara] }
  const driven = plans(watched => {
    expect(searchPage(watched, pune, query({ where: [chain] })).versions).toHaveLength(60)
  })
  expect(driven).toContain('SEARCH r USING PRIMARY KEY (param=? AND target=?)')
  const probed = plans(watched => {
    const where: Predicate[] = [{ kind: 'not', not: chain }]
    expect(searchPage(watched, pune, query({ where })).versions).toHaveLength(1)
  })
  for (const steps of [driven, probed]) {
    expect(steps).toContainEqual(expect.stringMatching(/^LIST SUBQUERY/))
    expect(steps.filter(step => step.startsWith('CORRELATED LIST'))).toEqual([])
  }
})

test('who says a word is looked up once, and not for each that is looked at', () => {
  const words: Predicate = { kind: 'words', in: 'content', words: ['haemoglobin'] }
  for (const where of [[by.token, words], [{ kind: 'not', not: words }]] satisfies Predicate[][]) {
    const steps = plans(watched => searchPage(watched, pune, query({ where })))
    const scans = steps.flatMap((step, n) =>
      step.startsWith('SCAN w VIRTUAL TABLE') ? steps[n - 1] : [],
    )
    // The other one counts.
    expect(scans.filter(before => before !== 'CO-ROUTINE (subquery-1)')).toEqual([
      expect.stringMatching(/^LIST SUBQUERY/),
    ])
  }
})

test('what few of all have is gathered where it does not come soon value by value', () => {
  const asking = query({
    where: [{ kind: 'not', not: by.name }],
    sort: [{ by: 'value', kind: 'string', params: ['name'], descending: false }],
  })
  const { where, sort } = asking
  const asked = { where, keys: keysOf(sort), back: false, after: undefined, count: 10 }
  const scope = scopeOf(connection, pune, asking, { seq: 9, isLast: true })
  expect(waysOf(asked, scope).map(({ name }) => name)).toEqual(['by value', 'gather'])
})

/** Remembers nothing. */
const fresh = { get: (_: string, find: () => number) => find(), clear: () => {} }

test('the size of a condition is that of its range, so that no search reads all dates to find few', () => {
  const sizes: string[] = []
  const sql: Connection['sql'] = text => {
    if (text.includes('count(*) AS n FROM (SELECT r.rid ')) sizes.push(text)
    return connection.sql(text)
  }
  const where = [by.link, by.since]
  countHits({ ...connection, sql, sizes: fresh, counts: fresh }, pune, query({ where }))
  expect(sizes).toHaveLength(2)
  for (const text of sizes) expect(text).not.toMatch(/high|until/)
})

test('a history since an instant begins there', () => {
  const since = at + 1
  expect(plans(watched => historyPage(watched, pune, { since, count: 1 }))).toContain(
    'SEARCH b USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)',
  )
  expect(
    plans(watched => historyPage(watched, pune, { type: 'Patient', since, count: 1 })),
  ).toContain('SEARCH f USING PRIMARY KEY (type=? AND seq>? AND seq<?)')
})

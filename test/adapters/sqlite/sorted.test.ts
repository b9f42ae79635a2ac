/** Keys that do not stand by their resource: a code is read from the body of one of few, and of many from all rows there are. */
import { expect, test } from '@jest/globals'
import { type Connection, connect } from '../../../adapters/sqlite/connection.ts'
import { waysOf } from '../../../adapters/sqlite/query/hits.ts'
import { lastSeq } from '../../../adapters/sqlite/read.ts'
import { scopeOf } from '../../../adapters/sqlite/search.ts'
import { openSqlite } from '../../../adapters/sqlite/store.ts'
import { keysOf } from '../../../resources/search/order.ts'
import type { Query, Sort } from '../../../resources/search/query.ts'
import { extract } from '../../../resources/search.ts'
import type { Change } from '../../../resources/store.ts'
import { change, deletion, next, pune, query, times, write } from '../../contract/store/material.ts'
import { ownFolder } from '../../support/folder.ts'

const at = ownFolder('sorted')
const count = 600

/** With two codes, or none. */
function made(n: number, shift: number): Change {
  const [type, id] = [n % 2 ? 'Observation' : 'Condition', `${n}`]
  const codes = [(n * 37) % 211, (n * 91) % 307].map(code => `c${code + shift}`)
  const coding = codes.map(code => ({ system: 'http://example.org', code }))
  const resource = { resourceType: type, id, ...(n % 9 ? { code: { coding } } : {}) }
  return change(id, { type, json: JSON.stringify(resource), extract: extract(resource) })
}

/** The code that decides where it stands. */
function codeOf({ extract: { rows } }: Change, descending: boolean): string | null {
  const codes = rows
    .flatMap(row => (row.kind === 'token' && row.param === 'code' ? row.code : []))
    .sort()
  return (descending ? codes.at(-1) : codes[0]) ?? null
}

/** The keys of the last so many as of a commit, in order, and how many bodies were read for them. */
function keysOfLast(
  many: number,
  of: Pick<Query, 'types' | 'sort'>,
  { connection, before }: { connection: Connection; before: number },
) {
  let bodies = 0
  const sql: Connection['sql'] = text => {
    if (text.includes('b.json')) bodies++
    return connection.sql(text)
  }
  const ids = times(count - many, n => `${n}`)
  const asking = query({ ...of, where: [{ kind: 'not', not: { kind: 'id', ids } }] })
  const scope = scopeOf({ ...connection, sql }, pune, asking, { seq: before, isLast: false })
  const { where, sort } = asking
  const asked = { where, keys: keysOf(sort), back: false, after: undefined, count: 10 }
  const hits = [...(waysOf(asked, scope)[0]?.hits() ?? [])]
  return { keys: hits.map(({ keys: [key = null] }) => key), bodies }
}

test('few are sorted by their bodies, many by rows, and in the same order, as of a commit', async () => {
  const file = at('sorted.db')
  const store = await openSqlite({ file, now: () => Date.UTC(2026, 0, 1), threads: false })
  const first = times(count, n => made(n, 0))
  await write(store, pune, ...first)
  const connection = connect({ file, readOnly: true })
  const before = lastSeq(connection)
  for (const [n, old] of first.entries()) {
    const { json = '', extract } = made(n, 5)
    if (n % 3 === 0) await write(store, pune, n % 6 ? next(old, { json, extract }) : deletion(old))
  }
  for (const descending of [false, true])
    for (const [many, most] of [
      [40, 40],
      [count, count / 3],
    ] as const) {
      const all = first.slice(count - many).map(each => codeOf(each, descending))
      const codes = all.filter(code => code !== null).sort()
      const sort: Sort[] = [{ by: 'value', kind: 'token', params: ['code'], descending }]
      const of = { types: ['Observation', 'Condition'], sort }
      const { keys, bodies } = keysOfLast(many, of, { connection, before })
      expect(keys).toEqual([
        ...(descending ? codes.reverse() : codes),
        ...all.filter(code => code === null),
      ])
      expect(bodies).toBeLessThanOrEqual(most)
    }
  connection.close()
  await store.close()
})

test('so are distances', async () => {
  const file = at('distances.db')
  const store = await openSqlite({ file, now: () => Date.UTC(2026, 0, 1), threads: false })
  const degreesOf = (n: number) => (n * 37) % 60
  const place = (n: number, latitude: number): Change => {
    const position = n % 9 ? { position: { latitude, longitude: 73 } } : {}
    const resource = { resourceType: 'Location', id: `${n}`, ...position }
    return change(`${n}`, {
      type: 'Location',
      json: JSON.stringify(resource),
      extract: extract(resource),
    })
  }
  const first = times(count, n => place(n, degreesOf(n)))
  await write(store, pune, ...first)
  const connection = connect({ file, readOnly: true })
  const before = lastSeq(connection)
  for (const [n, old] of first.entries()) {
    const { json = '', extract } = place(n, 70)
    if (n % 3 === 0) await write(store, pune, n % 6 ? next(old, { json, extract }) : deletion(old))
  }
  for (const [many, most] of [
    [40, 40],
    [count, count / 3],
  ] as const) {
    const points = [{ latitude: 10, longitude: 73 }]
    const of: Pick<Query, 'types' | 'sort'> = {
      types: ['Location'],
      sort: [{ by: 'near', param: 'near', points, descending: false }],
    }
    const { keys, bodies } = keysOfLast(many, of, { connection, before })
    const kilometres = keys.map(key => key && Math.round(Number(key) / 1000))
    const wanted = times(many, n => count - many + n)
      .map(n => (n % 9 ? Math.round(Math.abs(degreesOf(n) - 10) * 111.195) : null))
      .sort((a, b) => (a ?? Infinity) - (b ?? Infinity))
    expect(kilometres).toEqual(wanted)
    expect(bodies).toBeLessThanOrEqual(most)
  }
  connection.close()
  await store.close()
})

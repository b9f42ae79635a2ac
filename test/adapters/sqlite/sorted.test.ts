/** Keys that do not stand by their resource: a code is read from the body of one of few, and of many from all rows there are. */
import { expect, test } from '@jest/globals'
import { type Connection, connect } from '../../../adapters/sqlite/connection.ts'
import { waysOf } from '../../../adapters/sqlite/query/hits.ts'
import { lastSeq } from '../../../adapters/sqlite/read.ts'
import { scopeOf } from '../../../adapters/sqlite/search.ts'
import { openSqlite } from '../../../adapters/sqlite/store.ts'
import { keysOf } from '../../../resources/search/order.ts'
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

test('few are sorted by their bodies, many by rows, and in the same order, as of a commit', async () => {
  const file = at('sorted.db')
  const store = await openSqlite({ file, now: () => Date.UTC(2026, 0, 1), threads: false })
  const first = times(count, n => made(n, 0))
  await write(store, pune, ...first)
  const connection = connect({ file, readOnly: true, cache: 8 })
  const before = lastSeq(connection)
  for (const [n, old] of first.entries()) {
    const { json = '', extract } = made(n, 5)
    if (n % 3 === 0) await write(store, pune, n % 6 ? next(old, { json, extract }) : deletion(old))
  }

  /** The keys of the last so many, and how many bodies were read for them. */
  const keysOfLast = (many: number, descending: boolean) => {
    let bodies = 0
    const sql: Connection['sql'] = text => {
      if (text.includes('b.json')) bodies++
      return connection.sql(text)
    }
    const ids = times(count - many, n => `${n}`)
    const { where, sort, ...asking } = query({
      types: ['Observation', 'Condition'],
      where: [{ kind: 'not', not: { kind: 'id', ids } }],
      sort: [{ by: 'value', kind: 'token', params: ['code'], descending }],
    })
    const scope = scopeOf({ ...connection, sql }, pune, { where, sort, ...asking }, before)
    const asked = { where, keys: keysOf(sort), back: false, after: undefined, count: 10 }
    const hits = [...(waysOf(asked, scope)[0]?.hits() ?? [])]
    return { keys: hits.map(({ keys: [key = null] }) => key), bodies }
  }
  for (const descending of [false, true])
    for (const [many, most] of [
      [40, 40],
      [count, count / 3],
    ] as const) {
      const all = first.slice(count - many).map(each => codeOf(each, descending))
      const codes = all.filter(code => code !== null).sort()
      const { keys, bodies } = keysOfLast(many, descending)
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
  const connection = connect({ file, readOnly: true, cache: 8 })
  const before = lastSeq(connection)
  for (const [n, old] of first.entries()) {
    const { json = '', extract } = place(n, 70)
    if (n % 3 === 0) await write(store, pune, n % 6 ? next(old, { json, extract }) : deletion(old))
  }
  for (const [many, most] of [
    [40, 40],
    [count, count / 3],
  ] as const) {
    let bodies = 0
    const sql: Connection['sql'] = text => {
      if (text.includes('b.json')) bodies++
      return connection.sql(text)
    }
    const ids = times(count - many, n => `${n}`)
    const { where, sort, ...asking } = query({
      types: ['Location'],
      where: [{ kind: 'not', not: { kind: 'id', ids } }],
      sort: [
        { by: 'near', param: 'near', points: [{ latitude: 10, longitude: 73 }], descending: false },
      ],
    })
    const scope = scopeOf({ ...connection, sql }, pune, { where, sort, ...asking }, before)
    const asked = { where, keys: keysOf(sort), back: false, after: undefined, count: 10 }
    const hits = [...(waysOf(asked, scope)[0]?.hits() ?? [])]
    const kilometres = hits.map(({ keys: [key = null] }) => key && Math.round(Number(key) / 1000))
    const wanted = times(many, n => count - many + n)
      .map(n => (n % 9 ? Math.round(Math.abs(degreesOf(n) - 10) * 111.195) : null))
      .sort((a, b) => (a ?? Infinity) - (b ?? Infinity))
    expect(kilometres).toEqual(wanted)
    expect(bodies).toBeLessThanOrEqual(most)
  }
  connection.close()
  await store.close()
})

import { DatabaseSync } from 'node:sqlite'
import { afterEach, expect, jest, test } from '@jest/globals'
import { rowTables } from '../../../adapters/sqlite/schema.ts'
import { openSqlite, type SqliteStore } from '../../../adapters/sqlite/store.ts'
import type { Change, Row } from '../../../resources/store.ts'
import {
  byCode,
  change,
  deletion,
  found,
  idsOf,
  next,
  pune,
  query,
  times,
  walk,
  write,
} from '../../contract/store/material.ts'
import { ownFolder } from '../../support/folder.ts'

const at = ownFolder('sweep')
const hour = 3_600_000
afterEach(() => {
  jest.useRealTimers()
})

/** A row of each kind, all of which say this value. */
const rows = (value: number): Row[] => [
  { kind: 'token', param: 'identifier', code: `${value}`, system: 'http://example.org/mrn' },
  { kind: 'string', param: 'name', text: `n${value}`, exact: `N${value}` },
  { kind: 'date', param: 'birthdate', low: value, high: value },
  { kind: 'quantity', param: 'dose', low: `Z${value}`, high: `Z${value}`, system: '', unit: 'mg' },
  { kind: 'reference', param: 'link', target: `Patient/t${value}` },
  { kind: 'uri', param: 'url', uri: `http://example.org/${value}` },
  { kind: 'position', param: 'near', latitude: value, longitude: value },
]

/** So many of each row of a resource, and so many that say which parameters it has. */
const each = (rows: number, shapes: number): number[] =>
  rowTables.map(table => {
    if (table === 'token') return rows + shapes
    if (table === 'value') return 4 * rows
    return table === 'compartment' ? 0 : rows
  })

/** How many rows there are of each table that are seen still, and that ended. */
function counted(file: string): { seen: number[]; ended: number[] } {
  const db = new DatabaseSync(file, { readOnly: true })
  const count = (where: string) =>
    rowTables.map(table =>
      Number(db.prepare(`SELECT count(*) AS n FROM ${table} WHERE ${where}`).get()?.n),
    )
  const all = { seen: count('until = 0'), ended: count('until <> 0') }
  db.close()
  return all
}

async function start(name: string, threads: boolean) {
  // The clock of the sweep only: what reads and writes goes on by the real one.
  jest.useFakeTimers({
    doNotFake: [
      'Date',
      'hrtime',
      'nextTick',
      'performance',
      'queueMicrotask',
      'setImmediate',
      'clearImmediate',
      'setTimeout',
      'clearTimeout',
    ],
  })
  const clock = { now: Date.UTC(2026, 0, 1) }
  const file = at(name)
  const store = await openSqlite({ file, threads, now: () => clock.now })
  return { store, clock, file }
}

/** What the timer began is done when a later call is answered. */
async function swept(store: SqliteStore): Promise<void> {
  jest.advanceTimersByTime(hour / 6)
  for (let n = 0; n < 10; n++) await store.check()
}

const byValue = (value: number) => byCode(`${value}`)

test.each([true, false])(
  'takes the rows that ended an hour ago, and no other (threads: %s)',
  async threads => {
    const { store, clock, file } = await start(`${threads}.db`, threads)
    let [a, b] = [change('a', { rows: rows(0) }), change('b', { rows: rows(0) })]
    await write(store, pune, a, b)
    for (let n = 1; n <= 50; n++) {
      a = next(a, { rows: rows(n) })
      await write(store, pune, a)
    }
    const gone = deletion(b)
    await write(store, pune, gone)
    expect(counted(file)).toEqual({ seen: each(1, 1), ended: each(51, 1) })

    await swept(store)
    expect(counted(file).ended).toEqual(each(51, 1))

    clock.now += hour + 1
    b = next(gone, { rows: rows(60) })
    a = next(a, { rows: rows(70) })
    await write(store, pune, b)
    await write(store, pune, a)
    await swept(store)
    expect(counted(file)).toEqual({ seen: each(2, 2), ended: each(1, 0) })
    expect(await found(store, [byValue(70)])).toEqual(['a'])
    expect(await found(store, [byValue(60)])).toEqual(['b'])
    for (const old of [0, 25, 50]) expect(await found(store, [byValue(old)])).toEqual([])
    expect((await store.history(pune, { count: 100 })).versions).toHaveLength(55)

    clock.now += hour + 1
    await write(store, pune, change('later'))
    await swept(store)
    expect(counted(file)).toEqual({ seen: each(2, 3), ended: each(0, 0) })
    await store.close()
  },
)

test('takes the text that ended an hour ago, and no other', async () => {
  const { store, clock, file } = await start('texts.db', true)
  const saying = (id: string, content: string): Change => {
    const made = change(id)
    return { ...made, extract: { ...made.extract, content } }
  }
  const says = (content: string) => ({ extract: saying('', content).extract })
  const texts = () => {
    const db = new DatabaseSync(file, { readOnly: true })
    const count = (table: string) =>
      Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n)
    const all = { rows: count('words'), later: count('wording') }
    db.close()
    return all
  }
  const finds = async (...words: string[]) =>
    Promise.all(words.map(word => found(store, [{ kind: 'words', in: 'content', words: [word] }])))
  let [a, b, c] = [saying('a', 'first'), saying('b', 'first'), saying('c', 'first')]
  await write(store, pune, a, b, c)
  expect(texts()).toEqual({ rows: 3, later: 0 })
  a = next(a, says('second'))
  b = next(b, says('second'))
  await write(store, pune, a, b, deletion(c))
  b = next(b, says('third'))
  await write(store, pune, b)
  expect(texts()).toEqual({ rows: 6, later: 6 })
  await swept(store)
  expect(texts()).toEqual({ rows: 6, later: 6 })

  clock.now += hour + 1
  await write(store, pune, next(b, says('')))
  await swept(store)
  expect(texts()).toEqual({ rows: 2, later: 2 })
  expect(await finds('first', 'second', 'third')).toEqual([[], ['a'], []])

  clock.now += hour + 1
  await write(store, pune, saying('d', 'fourth'))
  await swept(store)
  expect(texts()).toEqual({ rows: 2, later: 1 })
  await write(store, pune, next(deletion(c), says('first')), next(a, says('fourth')))
  expect(await finds('first', 'second', 'third', 'fourth')).toEqual([['c'], [], [], ['a', 'd']])
  await store.close()
})

test('ends links to pages that see what it took, and no others', async () => {
  const { store, clock } = await start('links.db', false)
  const all = times(4, n => change(`p${n}`, { rows: rows(7) }))
  await write(store, pune, ...all)
  const asked = query({ where: [byValue(7)], count: 2 })
  const before = await store.search(pune, asked)
  for (const one of all) await write(store, pune, next(one, { rows: rows(8) }))
  const link = { ...asked, after: before.next ?? '' }
  expect((await store.search(pune, link)).versions).toHaveLength(2)

  clock.now += hour + 1
  await write(store, pune, change('later', { rows: rows(9) }))
  const now = query({ where: [byValue(8)], count: 2 })
  const { next: fresh = '' } = await store.search(pune, now)
  await swept(store)
  await expect(store.search(pune, link)).rejects.toMatchObject({
    status: 410,
    outcome: { issue: [{ code: 'expired' }] },
  })
  expect((await store.search(pune, { ...now, after: fresh })).versions).toHaveLength(2)
  await store.close()
})

test('works through many slices while pages go on as they began', async () => {
  const { store, clock, file } = await start('slices.db', false)
  const all = times(10, n => change(`p${n}`, { rows: rows(7) }))
  await write(store, pune, ...all)
  let busy: Change = change('busy', { rows: rows(0) })
  await write(store, pune, busy)
  for (let n = 1; n <= 5000; n++) {
    busy = next(busy, { rows: rows(n) })
    void write(store, pune, busy)
  }
  await store.check()
  clock.now += 2 * hour
  await write(store, pune, change('other', { rows: rows(9) }))
  const first = await store.search(pune, query({ where: [byValue(7)], count: 3 }))
  for (const one of all.slice(2, 6)) await write(store, pune, next(one, { rows: rows(8) }))

  await swept(store)
  expect(counted(file).ended).toEqual(each(4, 0))
  const rest = await walk(
    asked => store.search(pune, asked),
    query({ where: [byValue(7)], count: 3, after: first.next ?? '' }),
  )
  expect(idsOf([...first.versions, ...rest.versions])).toEqual(idsOf(all))
  expect(await found(store, [byValue(7)])).toEqual(['p0', 'p1', 'p6', 'p7', 'p8', 'p9'])
  expect(await found(store, [byValue(5000)])).toEqual(['busy'])
  await store.close()
})

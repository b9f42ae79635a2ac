import { copyFileSync, existsSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { backupSqlite, restoreSqlite } from '../../../adapters/sqlite/backup.ts'
import { openSqlite, type SqliteStore } from '../../../adapters/sqlite/store.ts'
import {
  byCode,
  change,
  coded,
  found,
  pune,
  query,
  scanned,
  times,
  write,
} from '../../contract/store/material.ts'
import { ownFolder } from '../../support/folder.ts'

const at = ownFolder('backup')
const open = (file: string) => openSqlite({ file, now: () => 1000 })

/** A commit of three, so that a torn one would show. */
const three = (store: SqliteStore, n: number) =>
  write(
    store,
    pune,
    ...['a', 'b', 'c'].map(part => change(`${part}-${n}`, { rows: [coded(`${n}`)] })),
  )

test('made while commits go on opens, and holds a first part of them', async () => {
  const store = await open(at('live.db'))
  for (let n = 0; n < 200; n++) await three(store, n)
  let [next, more] = [200, true]
  const order: { n: number; seq: number }[] = []
  const client = async (): Promise<void> => {
    while (more) {
      const n = next++
      const [version] = await three(store, n)
      order.push({ n, seq: version?.seq ?? 0 })
    }
  }
  const clients = times(8, client)
  const reports: [number, number][] = []
  await backupSqlite(at('live.db'), at('copy.db'), (done, total) => reports.push([done, total]))
  more = false
  await Promise.all(clients)
  await store.close()
  for (const [done, total] of reports) expect(done).toBeLessThanOrEqual(total)

  const copy = await open(at('copy.db'))
  const ids = (await scanned(copy, pune, 'Patient')).map(({ id }) => id)
  const kept = new Set(ids.map(id => Number(id.slice(2))))
  expect(ids).toHaveLength(kept.size * 3)
  for (let n = 0; n < 200; n++) expect(kept).toContain(n)
  const later = order.sort((a, b) => a.seq - b.seq).map(({ n }) => kept.has(n))
  expect(later.lastIndexOf(true)).toBe(later.filter(Boolean).length - 1)
  expect(await copy.count(pune, query())).toBe(ids.length)
  expect(await found(copy, [byCode('7')])).toEqual(['a-7', 'b-7', 'c-7'])
  await three(copy, 1_000_000)
  await copy.close()
})

test('is for this user only, and comes whole or not at all', async () => {
  const file = at('one.db')
  const store = await open(file)
  await three(store, 1)
  await backupSqlite(file, at('one-copy.db'))
  expect(statSync(at('one-copy.db')).mode & 0o077).toBe(0)
  await expect(backupSqlite(file, at('one-copy.db'))).rejects.toThrow(/is there already/)
  await expect(backupSqlite(at('none.db'), at('x.db'))).rejects.toThrow(/nothing to back up/)
  await expect(backupSqlite(file, at('no/x.db'))).rejects.toThrow(/cannot be opened/)
  writeFileSync(at('text.db'), 'text, and no database at all\n'.repeat(100))
  await expect(backupSqlite(at('text.db'), at('x.db'))).rejects.toThrow(/is not a database/)
  writeFileSync(at('empty.db'), '')
  await expect(backupSqlite(at('empty.db'), at('x.db'))).rejects.toThrow(/is empty/)
  expect(readdirSync(at('.')).filter(name => /^x\.db|\.part/.test(name))).toEqual([])
  await store.close()
})

test('put back keeps what was there aside, and is refused while the store is open', async () => {
  const file = at('two.db')
  const store = await open(file)
  await three(store, 1)
  await backupSqlite(file, at('two-copy.db'))
  await three(store, 2)
  expect(() => restoreSqlite(at('two-copy.db'), file, at('aside.db'))).toThrow(
    /used by another process/,
  )
  await store.close()
  expect(() => restoreSqlite(at('none.db'), file, at('aside.db'))).toThrow(/is not there/)
  expect(() => restoreSqlite(at('text.db'), file, at('aside.db'))).toThrow(
    /damaged, or no database/,
  )
  expect(existsSync(at('aside.db'))).toBe(false)
  restoreSqlite(at('two-copy.db'), file, at('aside.db'))
  const count = async (name: string) => {
    const opened = await open(at(name))
    const number = await opened.count(pune, query())
    await opened.close()
    return number
  }
  expect(await count('two.db')).toBe(3)
  expect(await count('aside.db')).toBe(6)
})

test('put back by half keeps the server from starting with nothing, and can be done again', async () => {
  const file = at('three.db')
  const store = await open(file)
  await three(store, 1)
  await backupSqlite(file, at('three-copy.db'))
  await store.close()
  // As an end of the program between its two last steps leaves it.
  renameSync(file, at('three-aside.db'))
  copyFileSync(at('three-copy.db'), `${file}.part`)
  await expect(open(file)).rejects.toThrow(/was interrupted: run npm run restore again/)
  expect(existsSync(file)).toBe(false)
  restoreSqlite(at('three-copy.db'), file, at('none-aside.db'))
  const opened = await open(file)
  expect(await opened.count(pune, query())).toBe(3)
  await opened.close()
})

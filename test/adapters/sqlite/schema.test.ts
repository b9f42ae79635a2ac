import { readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from '@jest/globals'
import { connect } from '../../../adapters/sqlite/connection.ts'
import { openSqlite } from '../../../adapters/sqlite/store.ts'
import { change, pune, times, write } from '../../contract/store/material.ts'
import { ownFolder } from '../../support/folder.ts'

const at = ownFolder('schema')
const open = (file: string) => openSqlite({ file, now: () => 1000 })

/** Looks into a file from outside, or changes it. */
function inside<T>(file: string, look: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(file)
  try {
    return look(db)
  } finally {
    db.close()
  }
}
const pragma = (file: string, name: string) =>
  inside(file, db => db.prepare(`PRAGMA ${name}`).get()?.[name])
const schema = (file: string) =>
  inside(file, db => db.prepare('SELECT name, sql FROM sqlite_schema ORDER BY name').all())

test('a new file has the newest schema, and keeps it', async () => {
  const file = at('fresh.db')
  await (await open(file)).close()
  expect(pragma(file, 'user_version')).toBeGreaterThan(0)
  expect(pragma(file, 'application_id')).toBe(Buffer.from('Nida').readUInt32BE())
  const before = schema(file)
  const store = await open(file)
  await write(store, pune, change('a'))
  await store.close()
  expect(schema(file)).toEqual(before)
  await (await open(file)).close()
  expect(schema(file)).toEqual(before)
})

test('a newer schema is refused, and left as it is', async () => {
  const file = at('newer.db')
  await (await open(file)).close()
  inside(file, db => db.exec('PRAGMA user_version = 999'))
  await expect(open(file)).rejects.toThrow(
    /newer\.db has schema 999, and this program knows up to \d+: start the newer program/,
  )
  expect(pragma(file, 'user_version')).toBe(999)
})

test('a database of another program is refused, and left as it is', async () => {
  const file = at('other.db')
  inside(file, db => db.exec('CREATE TABLE mine(x)'))
  await expect(open(file)).rejects.toThrow(/other\.db is a database of another program/)
  expect(schema(file)).toHaveLength(1)
})

test('what is no database is told so', async () => {
  const file = at('text.db')
  writeFileSync(file, 'a letter to the laboratory, not a database at all\n'.repeat(100))
  await expect(open(file)).rejects.toThrow(
    `${file} is not a database: restore a backup (npm run restore), or move it away`,
  )
})

test('a damaged database is told so at the start, or where it is read', async () => {
  const file = at('damaged.db')
  const whole = await open(file)
  await write(whole, pune, ...times(2000, n => change(`p${n}`)))
  await whole.close()
  const bytes = readFileSync(file)

  writeFileSync(file, Buffer.from(bytes).fill(0x5a, 100, 4096))
  await expect(open(file)).rejects.toThrow(`${file} is damaged: restore a backup (npm run restore)`)

  const page = Math.floor(bytes.indexOf('"id":"p500"') / 4096) * 4096
  writeFileSync(file, Buffer.from(bytes).fill(0x5a, page, page + 4096))
  const store = await open(file)
  const damaged = { status: 503, message: 'the database is damaged: restore a backup' }
  await expect(store.read(pune, 'Patient', 'p500')).rejects.toMatchObject(damaged)
  await expect(store.history(pune, { count: 3000 })).rejects.toMatchObject(damaged)
  expect(await store.read(pune, 'Patient', 'p1999')).toBeDefined()
  await store.check()
  await expect(write(store, pune, change('p500', { replaces: 1 }))).rejects.toMatchObject(damaged)
  await write(store, pune, change('p1999', { replaces: 1 }))
  // Another write may miss the place, and it does not heal.
  await expect(store.check()).rejects.toMatchObject(damaged)
  await store.close()
})

test.each([
  [{}, 2],
  [{ synchronous: 'FULL' as const }, 2],
  [{ synchronous: 'NORMAL' as const }, 1],
])('with %p the writer waits for the disk as asked', (more, value) => {
  const { db, close } = connect({ file: at('sync.db'), readOnly: false, ...more })
  expect(db.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: value })
  expect(db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' })
  close()
})

test('a connection for reading cannot write', () => {
  connect({ file: at('read.db'), readOnly: false }).close()
  const { db, close } = connect({ file: at('read.db'), readOnly: true })
  expect(() => db.exec('CREATE TABLE x(y)')).toThrow(/readonly/)
  close()
})

import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { openSqlite } from '../../../adapters/sqlite/store.ts'
import { change, pune, write } from '../../contract/store/material.ts'
import { ownFolder } from '../../support/folder.ts'

const at = ownFolder('lock')
const open = (file: string, threads = true) => openSqlite({ file, threads, now: () => 1000 })

test.each([true, false])(
  'a second one is refused until the first is closed (%s)',
  async threads => {
    const file = at(`${threads}.db`)
    const first = await open(file, threads)
    await expect(open(file)).rejects.toThrow(
      `${file} is used by another process: stop it first, or choose another DATA_DIR`,
    )
    await write(first, pune, change('a'))
    await first.close()
    const second = await open(file)
    expect(await second.read(pune, 'Patient', 'a')).toBeDefined()
    await second.close()
  },
)

test('another process is refused too', async () => {
  const file = at('other.db')
  const store = await open(file)
  const script = `
    const { openSqlite } = await import('./adapters/sqlite/store.ts')
    await openSqlite({ file: process.argv[1], now: () => 1 }).catch(error => console.log(error.message))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, file])
  let text = ''
  child.stdout.on('data', chunk => {
    text += chunk
  })
  await new Promise(resolve => child.on('close', resolve))
  expect(text).toContain(`${file} is used by another process`)
  await store.close()
})

test('two files are two stores', async () => {
  const stores = await Promise.all([open(at('one.db')), open(at('two.db'))])
  await Promise.all(stores.map(store => write(store, pune, change('a'))))
  await Promise.all(stores.map(store => store.close()))
})

test('a lock is freed where the file cannot be opened', async () => {
  const file = at('later.db')
  writeFileSync(file, 'not a database, and long enough to be looked at as one')
  await expect(open(file)).rejects.toThrow(/is not a database/)
  rmSync(file)
  await (await open(file)).close()
})

test('the folder is made, and all in it is for this user only', async () => {
  const store = await open(at('new/deep/nidaan.db'))
  await write(store, pune, change('a'))
  expect(statSync(at('new/deep')).mode & 0o777).toBe(0o700)
  const names = readdirSync(at('new/deep'))
  expect(names).toEqual(expect.arrayContaining(['nidaan.db', 'nidaan.db-wal', 'nidaan.db.lock']))
  for (const name of names) expect(statSync(at(`new/deep/${name}`)).mode & 0o077).toBe(0)
  await store.close()
})

test('a folder or a file in the way is told in one line', async () => {
  writeFileSync(at('file'), '')
  mkdirSync(at('folder.db'))
  for (const file of [at('file/nidaan.db'), at('folder.db'), '/proc/nidaan/new/nidaan.db'])
    await expect(open(file)).rejects.toThrow(
      `${file} cannot be opened: its folder must exist and be writable by this user`,
    )
})

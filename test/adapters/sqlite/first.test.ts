import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  existsSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { openSqlite } from '../../../adapters/sqlite/store.ts'
import { change, pune, write } from '../../contract/store/material.ts'
import { ownFolder } from '../../support/folder.ts'
import { runScript, startServer } from '../../support/process.ts'

const at = ownFolder('first')
const now = () => Date.UTC(2026, 0, 1)
const open = (file: string) => openSqlite({ file, now, threads: false })

test.each(['made by another', 'cut off'])('a file of 0 bytes, %s, is refused', async how => {
  const file = at(`${how.length}.db`)
  if (how === 'cut off') await (await open(file)).close()
  else writeFileSync(file, '')
  truncateSync(file)
  await expect(open(file)).rejects.toThrow(/has 0 bytes.*npm run restore.*delete it to begin/)
  expect(statSync(file).size).toBe(0)
})

test('a backup takes the place of one of 0 bytes', async () => {
  const file = at('again.db')
  const store = await open(file)
  await write(store, pune, change('a'))
  await store.close()
  const env = { STORE_URL: `sqlite:${file}` }
  expect(await runScript('backup', [at('copy.db')], env).ended).toBe(0)
  truncateSync(file)
  expect(await runScript('restore', [at('copy.db')], env).ended).toBe(0)
  const restored = await open(file)
  expect(await restored.read(pune, 'Patient', 'a')).toBeDefined()
  await restored.close()
})

test('a log that is left of a deleted file is not taken for one of the next', async () => {
  const file = at('deleted.db')
  const store = await open(file)
  await write(store, pune, change('a'))
  copyFileSync(`${file}-wal`, at('log'))
  await store.close()
  rmSync(file)
  copyFileSync(at('log'), `${file}-wal`)
  const next = await open(file)
  expect(await next.read(pune, 'Patient', 'a')).toBeUndefined()
  await next.close()
})

test('a first start that is killed at any time leaves no such file behind', async () => {
  for (let n = 0; n < 12; n++) {
    const folder = at(`killed${n}`)
    const env = { ...process.env, PORT: '0', DATA_DIR: folder, LOG_LEVEL: 'silent' }
    const server = spawn(process.execPath, ['server/node.js', 'server/main.ts'], { env })
    // It is killed later each time after it began to make files.
    while (!existsSync(folder) || readdirSync(folder).length === 0) await wait(1)
    await wait(n * 2)
    server.kill('SIGKILL')
    await once(server, 'exit')
    const file = `${folder}/nidaan.db`
    if (existsSync(file)) expect(statSync(file).size).toBeGreaterThan(0)
  }
  const server = await startServer({ DATA_DIR: at('killed0') })
  expect(await server.stop()).toBe(0)
  expect(existsSync(at('killed0/nidaan.db.new'))).toBe(false)
}, 60_000)

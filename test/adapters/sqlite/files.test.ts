/** What a server keeps in files, and needs of their disk. */
import { statSync, writeFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { startApp } from '../../support/app.ts'
import { ownFolder } from '../../support/folder.ts'
import { runScript } from '../../support/process.ts'

const at = ownFolder('files')

test('is not ready where the disk is nearly full', async () => {
  const file = `sqlite:${at('full.db')}`
  const tight = await startApp({ STORE_URL: file, MIN_FREE_DISK: '900000000GiB' })
  const { status, body } = await tight.request.get('/health/ready')
  expect([status, body]).toEqual([
    503,
    { ready: false, problems: ['the disk is nearly full'], freeDisk: expect.any(Number) },
  ])
  expect((await tight.request.get('/health/live')).status).toBe(200)
  await tight.close()
})

test('the key of links is beside the database, for its owner only', async () => {
  const app = await startApp({ STORE_URL: '', DATA_DIR: at('data') })
  await app.close()
  expect(statSync(at('data/link.key')).mode & 0o777).toBe(0o600)
})

test('a store in memory is not loaded where no server runs', async () => {
  const name = at('memory.ndjson')
  writeFileSync(name, '{"resourceType":"Patient"}')
  const env = { PORT: '9', STORE_URL: 'sqlite::memory:', DATA_DIR: at('data') }
  const run = runScript('import', [name], env)
  expect(await run.ended).toBe(1)
  expect(run.output()).toMatch(/^the import stopped: no server runs, and a store in memory/)
})

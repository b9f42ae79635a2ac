/** The program on MongoDB, where it differs: several processes, and no file. */
import { describe, expect, test } from '@jest/globals'
import type { Bundle } from 'fhir/r4'
import { backup, restore } from '../../../server/compose.ts'
import { readConfig } from '../../../server/config.ts'
import { startApp } from '../../support/app.ts'
import { numbered, put } from '../../support/make.ts'
import { dropDatabase, newDatabase } from '../../support/mongo-database.ts'
import { runScript } from '../../support/process.ts'

describe('several processes on one database', () => {
  test('make one key of links, also where they start at once, and go on with the pages of each other', async () => {
    const STORE_URL = newDatabase()
    const apps = await Promise.all([1, 2, 3].map(() => startApp({ STORE_URL })))
    const [first, ...others] = apps
    if (!first) throw new Error('nothing was started')
    for (const id of ['a', 'b']) await put(first, numbered(id, { id }))
    const { link } = (await first.request.get('/fhir/Patient?_sort=_id&_count=1')).body as Bundle
    const next = link?.find(({ relation }) => relation === 'next')?.url.slice(first.url.length)
    for (const other of others) {
      const { status, body } = await other.request.get(next ?? '')
      expect([status, body.entry?.[0].resource.id]).toEqual([200, 'b'])
    }
    for (const app of apps) await app.close()
    await dropDatabase(STORE_URL)
  })
})

describe('commands for a file', () => {
  const config = readConfig({ STORE_URL: 'mongodb://nidaan:secret@127.0.0.1:1/x' })

  test('say that there is none, and where to look', async () => {
    const reason = /its own tools copy it, see docs\/mongodb.md/
    await expect(backup(config, 'nowhere/x.db', () => {})).rejects.toThrow(reason)
    expect(() => restore(config, 'nowhere/x.db')).toThrow(reason)
  })
})

test('a server without its MongoDB says so in one line, without the password', async () => {
  const STORE_URL = 'mongodb://nidaan:secret@127.0.0.1:1/x?serverSelectionTimeoutMS=500'
  const run = runScript('main', [], { STORE_URL, PORT: '0' })
  expect(await run.ended).toBe(1)
  expect(run.output()).toMatch(/^Nidaan cannot start: .*127\.0\.0\.1:1 cannot be reached.*\n$/)
  expect(run.output()).not.toContain('secret')
})

import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { backup, compose, reindexAll, restore } from '../../../server/compose.ts'
import { readConfig } from '../../../server/config.ts'
import { checkpointsOf } from '../../../server/import/checkpoint.ts'
import { inspectStore } from '../../../server/upkeep.ts'
import { type App, startApp } from '../../support/app.ts'
import { numbered, put, send } from '../../support/make.ts'

const folder = mkdtempSync(join(tmpdir(), 'nidaan-backup-'))
const place = (name: string) => ({ DATA_DIR: join(folder, name), STORE_URL: '' })
const at = (name: string) => join(folder, name)
const silent = () => {}

/** A transaction writes two patients; a torn one would leave one. */
const pair = (value: number) => ({
  resourceType: 'Bundle',
  type: 'transaction',
  entry: ['left', 'right'].map(side => ({
    resource: numbered(`${side}-${value}`),
    request: { method: 'POST', url: 'Patient' },
  })),
})

const idsIn = async (app: App): Promise<string[]> => {
  const ids: string[] = []
  for (let url: string | undefined = '/fhir/Patient?_count=1000'; url; ) {
    const { body } = await app.request.get(url)
    for (const { resource } of body.entry ?? []) ids.push(resource.identifier[0].value)
    url = body.link.find((link: { relation: string }) => link.relation === 'next')?.url
    url = url && new URL(url).pathname + new URL(url).search
  }
  return ids
}

let app: App
beforeAll(async () => {
  app = await startApp(place('live'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('a backup', () => {
  const file = at('one.db')

  test('made while transactions run holds all that was acknowledged before, and no torn one', async () => {
    for (let n = 0; n < 20; n++) await send(app, ['POST', ''], pair(n)).expect(200)
    let more = true
    const writing = Array.from({ length: 8 }, async (_, client) => {
      for (let n = 0; more; n++) await send(app, ['POST', ''], pair(client * 1000 + 1000 + n))
    })
    await backup(readConfig(place('live')), file, silent).finally(() => {
      more = false
    })
    await Promise.all(writing)

    restore(readConfig(place('copy')), file)
    const copy = await startApp(place('copy'))
    const ids = await idsIn(copy)
    for (let n = 0; n < 20; n++) expect(ids).toContain(`left-${n}`)
    const sides = ids.map(id => id.split('-'))
    const of = (side: string) => sides.filter(([s]) => s === side).map(([, n]) => n)
    expect(of('left').sort()).toEqual(of('right').sort())
    await copy.close()
  })

  test('keeps versions and goes on numbering commits', async () => {
    await put(app, { resourceType: 'Patient', id: 'v', active: true })
    await put(app, { resourceType: 'Patient', id: 'v', active: false })
    await backup(readConfig(place('live')), at('two.db'), silent)
    const aside = restore(readConfig(place('copy')), at('two.db'))
    expect(readdirSync(at('copy'))).toContain(aside.split('/').at(-1))
    const copy = await startApp(place('copy'))
    const first = await copy.request.get('/fhir/Patient/v/_history/1')
    expect(first.body.active).toBe(true)
    await put(copy, { resourceType: 'Patient', id: 'v', active: true })
    const { body } = await copy.request.get('/fhir/Patient/v/_history')
    expect(body.entry.map((e: { resource: { active: boolean } }) => e.resource.active)).toEqual([
      true,
      false,
      true,
    ])
    await copy.close()
  })

  test('never overwrites a file, and leaves no half of one', async () => {
    writeFileSync(at('there'), 'mine')
    writeFileSync(at('four.db.part-journal'), 'left by a full disk')
    await backup(readConfig(place('live')), at('four.db'), silent)
    await expect(backup(readConfig(place('live')), at('there'), silent)).rejects.toThrow(
      /is there already/,
    )
    await expect(backup(readConfig(place('none')), at('x'), silent)).rejects.toThrow(
      /nothing to back up/,
    )
    await expect(
      backup(readConfig(place('live')), join(folder, 'no-folder', 'x.db'), silent),
    ).rejects.toThrow(/cannot be opened/)
    expect(readFileSync(at('there'), 'utf8')).toBe('mine')
    expect(readdirSync(folder).filter(name => name.includes('.part'))).toEqual([])
  })
})

describe('a restore', () => {
  test('is refused while the server runs', () => {
    expect(() => restore(readConfig(place('live')), at('one.db'))).toThrow(
      /used by another process/,
    )
  })

  test('is refused for what is no whole backup, and changes nothing', async () => {
    const bytes = readFileSync(at('one.db'))
    bytes.fill(0x5a, 4096 * 5, 4096 * 9)
    writeFileSync(at('damaged.db'), bytes)
    writeFileSync(at('text.db'), 'no database at all, but long enough to look at')
    writeFileSync(at('empty.db'), '')
    const config = readConfig(place('copy'))
    const before = readFileSync(at('copy/nidaan.db'))
    for (const [name, reason] of [
      ['damaged.db', /damaged/],
      ['text.db', /damaged, or no database of Nidaan/],
      ['empty.db', /is empty/],
      ['missing.db', /is not there/],
    ] as const)
      expect(() => restore(config, at(name))).toThrow(reason)
    expect(readFileSync(at('copy/nidaan.db')).equals(before)).toBe(true)
  })
})

test('an import interrupted before a restore begins anew after it', async () => {
  const config = readConfig(place('copy'))
  writeFileSync(at('lines.ndjson'), '{}')
  const checkpoints = checkpointsOf(at('lines.ndjson'), 'the database', config.dataDir)
  checkpoints.save({ line: 50, loaded: 50, refused: 0 })
  expect(() => restore(config, at('missing.db'))).toThrow()
  expect(checkpoints.read().line).toBe(50)
  restore(config, at('one.db'))
  expect(checkpoints.read().line).toBe(0)
})

test('what only looks at a database makes none where there is none', async () => {
  const config = readConfig(place('absent'))
  const told = { progress: silent, doubt: silent, finding: silent }
  await expect(inspectStore(config, told)).rejects.toThrow(/nidaan.db is not there/)
  await expect(reindexAll(config, silent)).rejects.toThrow(/nidaan.db is not there/)
  expect(existsSync(at('absent'))).toBe(false)
})

test('an index that cannot be made of a damaged database is given up, where somebody waits for it', async () => {
  const whole = await startApp(place('torn'))
  const entry = Array.from({ length: 300 }, (_, n) => ({
    resource: numbered(`torn-${n}-`),
    request: { method: 'POST', url: 'Patient' },
  }))
  await send(whole, ['POST', ''], { resourceType: 'Bundle', type: 'transaction', entry })
  await whole.close()
  const bytes = readFileSync(at('torn/nidaan.db'))
  const page = Math.floor(bytes.indexOf('"value":"torn-150-"') / 4096) * 4096
  writeFileSync(at('torn/nidaan.db'), bytes.fill(0x5a, page, page + 4096))
  const server = await compose(readConfig({ ...place('torn'), LOG_LEVEL: 'fatal' }))
  await server.reindex.again()
  await expect(server.reindex.idle(1)).rejects.toThrow(/the database is damaged/)
  await server.close()
})

test('a store in memory is neither copied nor replaced', async () => {
  const config = readConfig({ ...place('memory'), STORE_URL: 'sqlite::memory:' })
  await expect(backup(config, at('memory.db'), silent)).rejects.toThrow(/has no file/)
  expect(() => restore(config, at('one.db'))).toThrow(/has no file/)
  expect(existsSync(':memory:')).toBe(false)
})

describe('the commands', () => {
  const run = promisify(execFile)
  const command = (script: string, ...args: string[]) =>
    run(process.execPath, ['server/node.js', `server/${script}.ts`, ...args], {
      env: { ...process.env, ...place('live') },
    })

  test('say what they did, or in one line why not', async () => {
    const { stdout } = await command('backup', at('three.db'))
    expect(stdout).toBe(`backed up to ${at('three.db')}\n`)
    await expect(command('backup', at('three.db'))).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^no backup was made: .* is there already.*\n$/),
    })
    await expect(command('restore', at('three.db'))).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^nothing was restored: .* used by another process.*\n$/),
    })
    await expect(command('backup')).rejects.toMatchObject({ code: 2 })
    await expect(command('restore', '--help')).resolves.toMatchObject({
      stderr: expect.stringMatching(/^npm run restore -- FILE/),
    })
    await app.close()
    await expect(command('restore', at('three.db'))).resolves.toMatchObject({
      stdout: expect.stringMatching(/^restored from .*\nwhat was there before is kept as .*\n$/),
    })
  })
})

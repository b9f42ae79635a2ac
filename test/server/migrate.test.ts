/** npm run migrate, as processes: from the embedded database to the store of this run, and back. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { openSqlite } from '../../adapters/sqlite/store.ts'
import { nowhere } from '../../resources/search/type.ts'
import type { Store } from '../../resources/store.ts'
import { compareAll } from '../../server/migration.ts'
import { tenantOf } from '../../server/tenants.ts'
import { startApp } from '../support/app.ts'
import { colourParameter } from '../support/colour.ts'
import { ownFolder } from '../support/folder.ts'
import { patient, put } from '../support/make.ts'
import { world } from '../support/oracle/arbitrary.ts'
import { runScript } from '../support/process.ts'
import { openRepository } from '../support/repository.ts'
import { lasting, openStore } from '../support/stores.ts'

const at = ownFolder('migrate')
const zone = { TIME_ZONE: 'UTC', PORT: '0' }
const urlOf = ({ STORE_URL, DATA_DIR }: Record<string, string>) =>
  STORE_URL || `sqlite:${DATA_DIR}/nidaan.db`

const migrate = (from: string, to: string) =>
  runScript('migrate', ['--from', from, '--to', to], { ...zone, DATA_DIR: at('other') })

/** Histories of updates, deletes and revivals, a parameter of one's own, and events that nobody was told. */
async function fill(folder: string): Promise<void> {
  const place = { STORE_URL: '', DATA_DIR: folder, ...zone }
  const app = await startApp(place)
  for (let n = 0; n < 40; n++)
    await put(app, patient({ id: `p${n}`, gender: n % 2 ? 'male' : 'female' }))
  await put(app, { ...colourParameter, expression: 'Patient.gender' })
  await app.server.reindex.idle()
  await app.close()
  const clock = { now: Date.now() + 1000 }
  const {
    store,
    tenant,
    put: write,
    remove,
  } = await openRepository(`${folder}/nidaan.db`, nowhere, clock)
  const worlds = fc.sample(world, { numRuns: 120, seed: 7 })
  for (const [round, resources] of worlds.entries())
    for (const [n, resource] of resources.entries()) {
      clock.now += n % 3
      await ((round + n) % 5 === 0 ? remove(resource) : write(resource))
    }
  const event = { topic: 't', type: 'Patient', resource: 'p1', version: 1 }
  for (const id of ['a', 'b'])
    await store.commit(tenant, () => ({ changes: [], events: [{ id, ...event }] }))
  await store.close()
}

/** All of a file, but for the commit numbers. */
async function allOf(file: string): Promise<unknown[]> {
  const store = await openSqlite({ file, now: Date.now, threads: false })
  const all = await Array.fromAsync(store.versions(0))
  const events = await store.undelivered(1000)
  await store.close()
  return [
    ...all.map(({ version: { seq, ...version }, ...rest }) => ({ ...version, ...rest })),
    ...events.map(({ event }) => event),
  ]
}

test('all is copied there and back, with kill -9 in the middle, and found at once', async () => {
  await fill(at('source'))
  const source = `sqlite:${at('source/nidaan.db')}`
  const place = lasting(at('target'))
  // Until one of them goes on with what another left.
  for (let [ms, left] = [0, false]; !left; ms = 2 * ms + 150) {
    const run = migrate(source, urlOf(place))
    await run.says(/copying/)
    await new Promise(resolve => setTimeout(resolve, ms))
    run.child.kill('SIGKILL')
    await run.ended
    left = /are there already/.test(run.output())
  }
  const resumed = migrate(source, urlOf(place))
  expect([await resumed.ended, resumed.output()]).toEqual([
    0,
    expect.stringMatching(
      /^copying: \d+ versions are there already\n(.*\n)*.*counts and hashes of source and target are the same\n$/,
    ),
  ])

  const check = runScript('check', [], { ...place, ...zone })
  expect([await check.ended, check.output()]).toEqual([
    0,
    expect.stringMatching(/all fits together/),
  ])

  const back = migrate(urlOf(place), `sqlite:${at('back.db')}`)
  expect([await back.ended, back.output()]).toEqual([0, expect.stringMatching(/are the same/)])
  expect(await allOf(at('back.db'))).toEqual(await allOf(at('source/nidaan.db')))

  const app = await startApp({ ...place, ...zone })
  expect(app.server.reindex.progress()).toEqual({ done: 0, left: 0 })
  const { body } = await app.request.get('/fhir/Patient?colour=male&_summary=count').expect(200)
  expect(body.total).toBeGreaterThanOrEqual(18)
  await app.close()

  // What is there already is only compared.
  const other = migrate(`sqlite:${at('back.db')}`, source)
  expect([await other.ended, other.output()]).toEqual([0, expect.stringMatching(/are the same/)])
}, 400_000)

test('events that differ are told, however many there are', async () => {
  const open = async (ids: string[]) => {
    const store = await openStore(Date.now)
    const event = { topic: 't', type: 'Patient', resource: 'p1', version: 1 }
    for (const id of ids)
      await store.commit(tenantOf(), () => ({ changes: [], events: [{ id, ...event }] }))
    return store
  }
  const stores = [await open(['a', 'b']), await open(['a', 'b']), await open(['b', 'a'])]
  const [from, same, other] = stores as [Store, Store, Store]
  const progress = () => {}
  expect(await compareAll({ from, to: same, progress })).toEqual([])
  await expect(compareAll({ from, to: other, progress })).rejects.toThrow('other events to tell')
  for (const store of stores) await store.close()
})

test('no server starts on what is not copied to the end', async () => {
  const place = lasting(at('part'))
  const run = migrate(`sqlite:${at('source/nidaan.db')}`, urlOf(place))
  await run.says(/copying/)
  run.child.kill('SIGKILL')
  await run.ended
  const server = runScript('main', [], { ...zone, ...place })
  expect([await server.ended, server.output()]).toEqual([
    1,
    expect.stringMatching(/^Nidaan cannot start: .* is not whole: npm run migrate/),
  ])
})

test('what cannot be copied is refused in one line', async () => {
  const missing = migrate(`sqlite:${at('none.db')}`, `sqlite:${at('new.db')}`)
  expect([await missing.ended, missing.output()]).toEqual([
    1,
    `not copied to the end: ${at('none.db')} is not there\n`,
  ])
  for (const args of [[], ['--from', 'sqlite:a.db'], ['--from', 'sqlite:a', '--to', 'sqlite:a']]) {
    const run = runScript('migrate', args)
    expect([args, await run.ended]).toEqual([args, 2])
  }
  const used = lasting(at('used'))
  const app = await startApp(used)
  await put(app, patient({ id: 'a' }))
  await app.close()
  const source = { STORE_URL: '', DATA_DIR: at('others') }
  await (await startApp(source)).close()
  const refused = migrate(urlOf(source), urlOf(used))
  expect([await refused.ended, refused.output()]).toEqual([
    1,
    expect.stringMatching(/^not copied to the end: the target holds something else already/),
  ])
  const after = await startApp(used)
  await after.request.get('/fhir/Patient/a').expect(200)
  await after.close()
}, 60_000)

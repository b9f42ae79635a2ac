import { describe, expect, test } from '@jest/globals'
import type { Bundle, OperationOutcome } from 'fhir/r4'
import type { Change } from '../../resources/store.ts'
import { spaceOf } from '../../server/tenants.ts'
import { type App, startApp } from '../support/app.ts'
import { colour, colourParameter as parameter } from '../support/colour.ts'
import { ownFolder } from '../support/folder.ts'
import { put } from '../support/make.ts'
import { call, runScript, startServer } from '../support/process.ts'
import { lasting } from '../support/stores.ts'

const inFolder = ownFolder('reindex')
const patients = 8_000
const patient = (n: number, code: string) => ({
  resourceType: 'Patient',
  id: `p${n}`,
  extension: [{ url: colour, valueCode: code }],
})

async function fill(url: string): Promise<void> {
  for (let from = 0; from < patients; from += 500) {
    const entry = Array.from({ length: 500 }, (_, n) => ({
      resource: patient(from + n, 'red'),
      request: { method: 'PUT', url: `Patient/p${from + n}` },
    }))
    const bundle = { resourceType: 'Bundle', type: 'transaction', entry }
    expect((await call(url, 'POST', bundle)).status).toBe(200)
  }
}

const ask = (url: string, code: string) =>
  call(`${url}/Patient?colour=${code}&_summary=count`, 'GET')

/** How many are found, as soon as the parameter can be searched by; and what it said until then. */
async function counted(url: string, code: string) {
  const percents: number[] = []
  for (;;) {
    const { status, body } = await ask(url, code)
    if (status === 200) return { total: (body as { total: number }).total, percents }
    const text = (body as OperationOutcome).issue[0]?.diagnostics ?? ''
    expect(status).toBe(422)
    percents.push(Number(/(\d+) % is done/.exec(text)?.[1]))
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

test('a reindex goes on where it was after kill -9, and misses nothing', async () => {
  const place = lasting(inFolder('data'))
  let server = await startServer(place)
  try {
    await fill(server.url)
    expect((await call(`${server.url}/SearchParameter/colour`, 'PUT', parameter)).status).toBe(201)
    let percent = 0
    while (percent < 10) {
      const { status, body } = await ask(server.url, 'red')
      expect(status).toBe(422)
      const text = (body as OperationOutcome).issue[0]?.diagnostics ?? ''
      percent = Number(/(\d+) % is done/.exec(text)?.[1])
    }
    server.child.kill('SIGKILL')
    await server.ended

    server = await startServer(place)
    const blue = new Set<number>()
    let going = true
    const client = async (own: number) => {
      for (let n = own; going && n < patients; n += 8) {
        // A write that leaves the value as it is adds no row for it.
        const after = own % 2 ? patient(n, 'blue') : { ...patient(n, 'red'), gender: 'female' }
        const answer = await call(`${server.url}/Patient/p${n}`, 'PUT', after)
        expect(answer.status).toBe(200)
        if (own % 2) blue.add(n)
      }
    }
    const clients = Array.from({ length: 8 }, (_, own) => client(own))
    const { percents } = await counted(server.url, 'red')
    going = false
    await Promise.all(clients)
    expect(percents[0]).toBeGreaterThanOrEqual(percent)
    expect((await counted(server.url, 'red')).total).toBe(patients - blue.size)
    expect((await counted(server.url, 'blue')).total).toBe(blue.size)

    // The rows of a removed one go, too, whatever happens on the way.
    expect((await call(`${server.url}/SearchParameter/colour`, 'DELETE')).status).toBe(204)
    server.child.kill('SIGKILL')
    await server.ended
    server = await startServer(place)
    expect((await ask(server.url, 'red')).status).toBe(400)
    expect((await call(`${server.url}/SearchParameter/colour`, 'PUT', parameter)).status).toBe(201)
    expect((await counted(server.url, 'red')).total).toBe(patients - blue.size)
  } finally {
    await server.stop()
  }
}, 300_000)

describe('what an older program stored', () => {
  const place = lasting(inFolder('old'))
  const count = 30

  /** As an older program left it: without the rows of names. */
  async function makeOld(): Promise<void> {
    const app = await startApp(place)
    for (let n = 0; n < count; n++)
      await put(app, {
        resourceType: 'Patient',
        id: `q${n}`,
        name: [{ family: 'Rao' }],
        gender: 'male',
      })
    await put(app, { ...parameter, expression: 'Patient.gender' })
    await app.server.reindex.idle()
    const { store } = app.server
    const tenant = app.server.makeContext('test').tenant
    while (await store.dropRows(tenant, 'Patient', 'family', 100));
    const space = spaceOf(tenant)
    const base = await store.read(space, 'index', 'base')
    const empty = { rows: [], present: [] }
    const change: Change = {
      type: 'index',
      id: 'base',
      method: 'update',
      replaces: base?.number ?? 0,
      json: JSON.stringify({ ...JSON.parse(base?.json ?? ''), extractor: 0 }),
      extract: empty,
      old: empty,
    }
    await store.commit(space, () => ({ changes: [change] }))
    await app.close()
  }

  const families = async (app: App) =>
    (await app.request.get('/fhir/Patient?family=rao&_summary=count').expect(200)).body.total

  test('is indexed anew after the start, and answers say so until then', async () => {
    await makeOld()
    const app = await startApp(place)
    const first = await app.request.get('/fhir/Patient?gender=male&_count=1').expect(200)
    await app.server.reindex.idle()
    expect(await families(app)).toBe(count)
    const after = await app.request.get('/fhir/Patient?gender=male&_count=1').expect(200)
    const modes = (body: Bundle) => (body.entry ?? []).map(({ search }) => search?.mode)
    expect(modes(after.body)).toEqual(['match'])
    // A few resources may be done before the first answer.
    if (modes(first.body).length > 1) expect(JSON.stringify(first.body)).toContain('% is done')
    await app.close()
  })

  test('is indexed by a command, too', async () => {
    const before = await startApp(place)
    const { store, makeContext } = before.server
    while (await store.dropRows(makeContext('test').tenant, 'Patient', 'family', 100));
    expect(await families(before)).toBe(0)
    await before.close()
    const command = runScript('reindex', [], place)
    expect(await command.ended).toBe(0)
    expect(command.output()).toContain(`indexed ${count + 1} resources`)
    const after = await startApp(place)
    expect(await families(after)).toBe(count)
    const { body } = await ask(`${after.url}/fhir`, 'male')
    expect(body).toMatchObject({ total: count })
    await after.close()
  })
})

test('what was stored in another zone is found in the zone of now', async () => {
  const place = lasting(inFolder('zone'))
  const dated = {
    resourceType: 'Observation',
    id: 'o',
    status: 'final',
    code: { text: 'glucose' },
    effectiveDateTime: '2024-05-01',
  }
  const at = async (app: App, instant: string) =>
    (await app.request.get(`/fhir/Observation?date=sa${instant}`).expect(200)).body.total
  const london = await startApp({ ...place, TIME_ZONE: 'UTC' })
  await put(london, dated)
  expect(await at(london, '2024-04-30T20:00:00Z')).toBe(1)
  await london.close()
  const pune = await startApp({ ...place, TIME_ZONE: 'Asia/Kolkata' })
  await pune.server.reindex.idle()
  expect(await at(pune, '2024-04-30T20:00:00Z')).toBe(0)
  expect(await at(pune, '2024-04-30T18:00:00Z')).toBe(1)
  await put(pune, { ...dated, effectiveDateTime: '2024-05-02' })
  expect(await at(pune, '2024-05-01T18:00:00Z')).toBe(1)
  await pune.close()
})

test('what was stored at another address of the server is found by that of now', async () => {
  const place = lasting(inFolder('address'))
  const found = async (app: App) => {
    const ids = async (search: string) => {
      const { body } = await app.request.get(`/fhir/${search}`).expect(200)
      return (body as Bundle).entry?.map(({ resource }) => resource?.id)
    }
    return [
      await ids('Observation?subject.name=rao'),
      await ids('Observation?patient=asha&code=hb'),
      await ids('Patient/asha/Observation'),
    ]
  }
  const before = await startApp(place)
  const { port } = new URL(before.url)
  const now = `http://localhost:${port}/fhir`
  await put(before, { resourceType: 'Patient', id: 'asha', name: [{ family: 'Rao' }] })
  for (const [id, base] of Object.entries({ old: `${before.url}/fhir`, now }))
    await put(before, {
      resourceType: 'Observation',
      id,
      status: 'final',
      code: { coding: [{ code: 'hb' }] },
      subject: { reference: `${base}/Patient/asha` },
    })
  expect(await found(before)).toEqual([['old'], ['old'], ['old']])
  await before.close()
  const after = await startApp({ ...place, PORT: port, BASE_URL: now })
  await after.server.reindex.idle()
  expect(await found(after)).toEqual([['now'], ['now'], ['now']])
  await after.close()
})

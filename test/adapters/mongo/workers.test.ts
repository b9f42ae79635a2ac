/** Several processes on one database: workers of one port, and servers beside each other. */
import { execFileSync } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, expect, test } from '@jest/globals'
import type { OperationOutcome } from 'fhir/r4'
import { MongoClient } from 'mongodb'
import { colour, colourParameter } from '../../support/colour.ts'
import { dropDatabase, newDatabase } from '../../support/mongo-database.ts'
import { freePort } from '../../support/mongod.ts'
import { runScript, startServer } from '../../support/process.ts'
import { holdAll } from './holding.ts'
import { openWay } from './way.ts'

const urls: string[] = []
/** What a test that failed left behind. */
const started: { kill(signal: 'SIGKILL'): boolean }[] = []
const start = async (settings: Record<string, string>) => {
  const server = await startServer(settings)
  started.push(server.child)
  return server
}
const emptyPlace = (): Record<string, string> => {
  const url = newDatabase()
  urls.push(url)
  return { STORE_URL: url }
}
afterAll(async () => {
  for (const child of started) child.kill('SIGKILL')
  for (const url of urls) await dropDatabase(url)
})

/** Absent: nobody answered. */
async function call(url: string, method = 'GET', body?: object) {
  try {
    const answer = await fetch(url, {
      signal: AbortSignal.timeout(30_000),
      method,
      headers: { 'Content-Type': 'application/fhir+json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    return { status: answer.status, body: (await answer.json().catch(() => ({}))) as object }
  } catch {
    return undefined
  }
}

const beside = (url: string, path: string): string => new URL(path, url).href
const patient = (id: string, code: string) => ({
  resourceType: 'Patient',
  id,
  extension: [{ url: colour, valueCode: code }],
})

const childrenOf = (pid: number | undefined): number[] =>
  execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(pid)], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map(line => Number.parseInt(line, 10))

/** As soon as it holds. */
async function until(what: () => Promise<boolean>, ms = 20_000): Promise<void> {
  for (const end = performance.now() + ms; !(await what()); await wait(50))
    if (performance.now() > end) throw new Error('it did not come true in time')
}

test('workers share a port: a dead one is replaced, no acknowledged write is lost, and metrics are of all', async () => {
  const server = await start({ ...emptyPlace(), WORKERS: '2', LOG_LEVEL: 'error' })
  const ready = () => call(beside(server.url, '/health/ready'))
  const full = {
    status: 200,
    body: { ready: true, problems: [], workers: { listening: 2, of: 2 } },
  }
  expect(await ready()).toEqual(full)
  const workers = childrenOf(server.child.pid)
  expect(workers).toHaveLength(2)

  const made: string[] = []
  let going = true
  const client = async (own: number) => {
    for (let n = 0; going; n++) {
      const id = `p${own}-${n}`
      const answer = await call(`${server.url}/Patient/${id}`, 'PUT', patient(id, 'red'))
      if (answer) expect(answer.status).toBe(201)
      if (answer) made.push(id)
    }
  }
  const clients = Array.from({ length: 8 }, (_, own) => client(own))
  await until(async () => made.length > 50)
  process.kill(workers[0] ?? 0, 'SIGKILL')
  await until(async () => /a worker ended: another is started/.test(server.output()))
  await until(async () => JSON.stringify(await ready()) === JSON.stringify(full))
  const before = made.length
  await until(async () => made.length > before + 50)
  going = false
  await Promise.all(clients)
  const read = await Promise.all(made.map(id => call(`${server.url}/Patient/${id}`)))
  expect(new Set(read.map(answer => answer?.status))).toEqual(new Set([200]))

  const metrics = await (await fetch(beside(server.url, '/metrics'))).text()
  for (const worker of ['1', '2'])
    expect(metrics).toMatch(
      new RegExp(
        `nidaan_requests_total\\{interaction="read",status="200",worker="${worker}"\\} \\d`,
      ),
    )

  // What is under way is answered, then all of them end.
  const entry = Array.from({ length: 500 }, (_, n) => ({
    resource: patient(`last${n}`, 'blue'),
    request: { method: 'PUT', url: `Patient/last${n}` },
  }))
  const last = call(server.url, 'POST', { resourceType: 'Bundle', type: 'transaction', entry })
  await wait(100)
  const left = childrenOf(server.child.pid)
  const ended = server.stop()
  expect((await last)?.status).toBe(200)
  expect(await ended).toBe(0)
  for (const pid of left) expect(() => process.kill(pid, 0)).toThrow(/ESRCH/)
}, 90_000)

test('workers that cannot start say so in one line', async () => {
  const place = emptyPlace()
  const first = await start(place)
  const { port } = new URL(first.url)
  const second = runScript('main', [], { ...place, PORT: port, WORKERS: '3' })
  expect([await second.ended, second.output()]).toEqual([
    1,
    `Nidaan cannot start: port ${port} of 127.0.0.1 is taken: choose another PORT\n`,
  ])
  expect(await first.stop()).toBe(0)
}, 60_000)

const signal = (pids: (number | undefined)[], name: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL') => {
  for (const pid of pids) if (pid) process.kill(pid, name)
}

const isReady = async (url: string) => (await call(beside(url, '/health/ready')))?.status === 200

test('a frozen worker is ended and replaced; one that is busy is not, nor are those of a machine that stood still', async () => {
  const settings = { WORKERS: '2', LOG_LEVEL: 'error', SHUTDOWN_TIME: '1000' }
  const [one, other] = [
    await start({ ...emptyPlace(), ...settings }),
    await start({ ...emptyPlace(), ...settings }),
  ]
  const [frozen = 0, busy = 0] = childrenOf(one.child.pid)
  const still = childrenOf(other.child.pid)
  signal([frozen, busy, other.child.pid, ...still], 'SIGSTOP')
  const since = performance.now()
  await wait(10_000)
  signal([busy], 'SIGCONT')
  await until(async () => /a worker is silent: it is ended/.test(one.output()), 60_000)
  expect(performance.now() - since).toBeGreaterThan(25_000)
  await until(async () => childrenOf(one.child.pid).length === 2)
  expect(childrenOf(one.child.pid)).toContain(busy)
  expect(childrenOf(one.child.pid)).not.toContain(frozen)
  await until(() => isReady(one.url))
  await wait(Math.max(0, since + 40_000 - performance.now()))
  signal([other.child.pid, ...still], 'SIGCONT')
  await wait(3000)
  expect(childrenOf(other.child.pid)).toEqual(still)
  expect(other.output()).not.toMatch(/silent/)
  expect(await other.stop()).toBe(0)
  // It keeps the others from ending for no longer than requests may.
  signal([busy], 'SIGSTOP')
  expect(await one.stop()).toBe(0)
}, 120_000)

test('while the database is away workers are started later and later, and take requests when it is back', async () => {
  const { STORE_URL = '' } = emptyPlace()
  const way = await openWay(STORE_URL)
  try {
    const PORT = String(await freePort())
    const server = await start({ STORE_URL: way.url, WORKERS: '2', LOG_LEVEL: 'error', PORT })
    way.close(true)
    const pauses = () =>
      [...server.output().matchAll(/"pause":(\d+)/g)].map(([, pause]) => Number(pause))
    signal(childrenOf(server.child.pid), 'SIGKILL')
    await until(async () => pauses().length === 4, 60_000)
    expect(pauses()).toEqual([250, 250, 500, 500])
    expect(server.output()).toMatch(/cannot be reached, or has no primary.*a worker cannot start/)
    way.close(false)
    await until(() => isReady(server.url), 60_000)
    expect(await server.stop()).toBe(0)
  } finally {
    await way.stop()
  }
}, 180_000)

test('when no worker is left and none would start, all ends and says why', async () => {
  const { STORE_URL = '' } = emptyPlace()
  const server = await start({ STORE_URL, WORKERS: '2' })
  const client = new MongoClient(STORE_URL)
  const meta = client.db().collection<{ _id: string }>('meta')
  await meta.updateOne({ _id: 'schema' }, { $inc: { number: 1 } })
  await client.close()
  const [first, second] = childrenOf(server.child.pid)
  signal([first], 'SIGKILL')
  // As long as another one takes requests, it goes on.
  await wait(5000)
  expect((await call(`${server.url}/Patient`))?.status).toBe(200)
  signal([second], 'SIGKILL')
  expect(await server.ended).toBe(1)
  expect(server.output()).toMatch(
    /\nNidaan cannot go on: the database \S+ is of a newer version of this server.*\n$/,
  )
}, 90_000)

/** How far an index is; absent: it can be searched by. */
async function percentOf(url: string): Promise<number | undefined> {
  const answer = await call(`${url}/Patient?colour=red&_summary=count`)
  if (answer?.status !== 422) return undefined
  const text = (answer.body as OperationOutcome).issue[0]?.diagnostics ?? ''
  return Number(/(\d+) % is done/.exec(text)?.[1])
}

const countOf = async (url: string, code: string) =>
  (await call(`${url}/Patient?colour=${code}&_summary=count`))?.body

test('a new parameter can be searched by when all processes write by it, some seconds later', async () => {
  const place = emptyPlace()
  const [one, other] = [await start(place), await start(place)]
  for (const id of ['a', 'b'])
    expect((await call(`${one.url}/Patient/${id}`, 'PUT', patient(id, 'red')))?.status).toBe(201)
  const holding = await holdAll(place.STORE_URL ?? '')
  // Made without rows of the parameter, and not written yet.
  const late = call(`${other.url}/Patient/a`, 'PUT', patient('a', 'blue'))
  await wait(1000)
  const made = await call(`${one.url}/SearchParameter/colour`, 'PUT', colourParameter)
  expect(made?.status).toBe(201)
  await wait(6000)
  expect(await percentOf(one.url)).toBe(0)
  await holding.letGo()
  expect((await late)?.status).toBe(200)
  await until(async () => (await percentOf(other.url)) === undefined, 6000)
  expect(await countOf(one.url, 'blue')).toMatchObject({ total: 1 })
  expect(await countOf(one.url, 'red')).toMatchObject({ total: 1 })
  expect(await one.stop()).toBe(0)
  expect(await other.stop()).toBe(0)
}, 60_000)

test('an index is made by one process, and to its end by another one when that is killed', async () => {
  const place = emptyPlace()
  const [one, other] = [await start(place), await start(place)]
  const patients = 4000
  for (let from = 0; from < patients; from += 500) {
    const entry = Array.from({ length: 500 }, (_, n) => ({
      resource: patient(`p${from + n}`, 'red'),
      request: { method: 'PUT', url: `Patient/p${from + n}` },
    }))
    const bundle = { resourceType: 'Bundle', type: 'transaction', entry }
    expect((await call(one.url, 'POST', bundle))?.status).toBe(200)
  }
  const made = await call(`${one.url}/SearchParameter/colour`, 'PUT', colourParameter)
  expect(made?.status).toBe(201)
  // The other one writes by it, too, from now on; nothing stored is looked at before that.
  let blue = 0
  let going = true
  const client = async (own: number) => {
    for (let n = own; going && n < patients; n += 4) {
      const answer = await call(`${other.url}/Patient/p${n}`, 'PUT', patient(`p${n}`, 'blue'))
      expect(answer?.status).toBe(200)
      blue++
      await wait(100)
    }
  }
  const clients = Array.from({ length: 4 }, (_, own) => client(own))
  await until(async () => ((await percentOf(one.url)) ?? 100) >= 5, 60_000)
  one.child.kill('SIGKILL')
  const killed = performance.now()
  expect(await percentOf(other.url)).toBeLessThan(100)
  await until(async () => (await percentOf(other.url)) === undefined, 60_000)
  expect(performance.now() - killed).toBeLessThan(30_000)
  going = false
  await Promise.all(clients)
  expect(await countOf(other.url, 'blue')).toMatchObject({ total: blue })
  expect(await countOf(other.url, 'red')).toMatchObject({ total: patients - blue })
  expect(await other.stop()).toBe(0)
  const check = runScript('check', [], { PORT: '0', ...place })
  expect([await check.ended, check.output()]).toEqual([
    0,
    expect.stringMatching(/all fits together/),
  ])
}, 180_000)

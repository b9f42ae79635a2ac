import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { unavailable } from '../../resources/error.ts'
import { createApp } from '../../server/app.ts'
import { readConfig } from '../../server/config.ts'
import type { Dispatch } from '../../server/dispatch.ts'
import { createLog } from '../../server/log.ts'
import { createMetrics } from '../../server/metrics.ts'
import { tenantOf } from '../../server/tenants.ts'
import { type App, startApp } from '../support/app.ts'
import { ownFolder } from '../support/folder.ts'
import { numbered, patient, put, send } from '../support/make.ts'
import { lasting } from '../support/stores.ts'

const at = ownFolder('app')
let app: App
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

describe('the start page', () => {
  test('says what the server is, and loads nothing from elsewhere', async () => {
    const { status, text, headers } = await app.request.get('/')
    expect(status).toBe(200)
    expect(text).toContain('FHIR R4')
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    for (const [, link = ''] of text.matchAll(/(?:src|href)="(\/[^"]*)"/g))
      expect([link, (await app.request.get(link)).status]).toEqual([link, 200])
  })

  test('knows what is stored', async () => {
    await put(app, patient({ id: 'counted' }))
    const { body } = await app.request.get('/console/totals')
    expect(body.Patient).toBeGreaterThan(0)
  })

  test('is the only thing beside the API: other paths answer 404 and say where to go', async () => {
    for (const path of ['/nothing', '/console/', '/fhirx']) {
      const { status, body } = await app.request.get(path)
      expect([status, body.issue[0].diagnostics]).toEqual([
        404,
        expect.stringContaining('the FHIR API is at /fhir'),
      ])
    }
    expect((await app.request.post('/')).status).toBe(404)
  })
})

describe('health', () => {
  test('is live and ready', async () => {
    expect((await app.request.get('/health/live')).body).toEqual({ status: 'ok' })
    const { status, body } = await app.request.get('/health/ready')
    expect([status, body]).toEqual([200, { ready: true, problems: [] }])
    expect((await app.request.get('/health/other')).status).toBe(404)
  })
})

describe('metrics', () => {
  test('count requests by interaction and status, and tell durations, queues and batches', async () => {
    const counted = await startApp(lasting(at('metrics')))
    const before = commitsOf((await counted.request.get('/metrics')).text)
    await put(counted, patient({ id: 'm' }))
    await counted.request.get('/fhir/Patient/m')
    await counted.request.get('/fhir/Patient/none')
    const { text, headers } = await counted.request.get('/metrics')
    await counted.close()
    expect(headers['content-type']).toContain('text/plain')
    for (const line of [
      'nidaan_requests_total{interaction="update",status="201"} 1',
      'nidaan_requests_total{interaction="read",status="200"} 1',
      'nidaan_requests_total{interaction="read",status="404"} 1',
      'nidaan_request_seconds_count{interaction="read"} 2',
      'nidaan_resources_to_index 0',
      'nidaan_requests_running 0',
      'nidaan_writes_waiting 0',
      'nidaan_searches_waiting 0',
    ])
      expect(text).toContain(`${line}\n`)
    // What the program itself keeps is written before the first request.
    expect(commitsOf(text)).toEqual(before.map(count => count + 1))
  })
})

const commitsOf = (metrics: string): number[] =>
  ['nidaan_commit_batch_size_count', 'nidaan_commit_seconds_count'].map(name =>
    Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(metrics)?.[1]),
  )

describe('pages that are only read', () => {
  test.each(['/health/live', '/health/ready', '/metrics', '/console/totals'])(
    '%s answers other methods with 405 and Allow',
    async path => {
      for (const method of ['post', 'put', 'delete'] as const) {
        const { status, headers } = await app.request[method](path)
        expect([status, headers.allow]).toEqual([405, 'GET, HEAD, OPTIONS'])
      }
    },
  )
})

describe('Host', () => {
  const asked = async (at: App, Host: string) =>
    (await at.request.get('/fhir/metadata?_elements=status').set('Host', Host)).status

  test('by an address or as localhost is answered', async () => {
    for (const host of ['127.0.0.1:1', 'localhost', 'LOCALHOST:8080', '[::1]:8080', '10.0.0.7'])
      expect([host, await asked(app, host)]).toEqual([host, 200])
  })

  test('by a name that others let lead here answers 421, on every path', async () => {
    expect(await asked(app, 'evil.example.org')).toBe(421)
    for (const path of ['/', '/metrics', '/console/totals', '/health/live'])
      expect((await app.request.get(path).set('Host', 'evil.example.org:80')).status).toBe(421)
    const { body } = await app.request.get('/fhir/Patient/1').set('Host', 'evil.example.org')
    expect(body.issue[0].diagnostics).toContain('BASE_URL')
  })
})

describe('X-Request-Id', () => {
  test('is the one that was given, or a new one', async () => {
    const given = await app.request.get('/fhir/Patient/x').set('X-Request-Id', 'order-17.a_b')
    expect(given.headers['x-request-id']).toBe('order-17.a_b')
    const made = await app.request.get('/fhir/Patient/x')
    expect(made.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
    const wrong = await app.request.get('/fhir/Patient/x').set('X-Request-Id', 'a b')
    expect(wrong.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
  })
})

/** The pipeline with interactions of the test's. */
async function withDispatch(
  dispatch: Dispatch,
  work: (url: string) => Promise<void>,
): Promise<void> {
  const config = readConfig({ LOG_LEVEL: 'silent' })
  const waiting = () => ({ writes: 0, searches: 0 })
  const pipeline = createApp({
    config,
    dispatch,
    metrics: createMetrics({ running: () => 0, waiting, toIndex: () => 0 }),
    health: { ready: async () => ({ ready: true, problems: [] }) },
    log: createLog(config.logLevel),
    base: () => 'http://127.0.0.1/fhir',
    makeContext: requestId => ({
      tenant: tenantOf(),
      requestId,
      now: () => 0,
      newId: () => 'made',
    }),
    totals: async () => ({}),
    running: { count: 0, bytes: 0 },
  })
  const server = createServer(pipeline)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}/fhir`)
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

describe('a client that goes away', () => {
  test('ends the search that was made for it', async () => {
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
    const { promise: ended, resolve: end } = Promise.withResolvers<string>()
    const dispatch: Dispatch = async (_, { signal }) => {
      begin()
      await new Promise(resolve => signal?.addEventListener('abort', resolve))
      end('ended')
      throw unavailable('nobody waits', 1)
    }
    await withDispatch(dispatch, async url => {
      const client = new AbortController()
      const asked = fetch(`${url}/Patient`, { signal: client.signal })
      await begun
      client.abort()
      await expect(asked).rejects.toThrow()
      expect(await ended).toBe('ended')
    })
  })

  test('before its search begins has none', async () => {
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
    const { promise: seen, resolve: see } = Promise.withResolvers<boolean | undefined>()
    const dispatch: Dispatch = async (_, context) => {
      begin()
      await wait(100)
      see(context.signal?.aborted)
      return { status: 200, headers: {} }
    }
    await withDispatch(dispatch, async url => {
      const client = new AbortController()
      const asked = fetch(`${url}/Patient`, { signal: client.signal })
      await begun
      client.abort()
      await expect(asked).rejects.toThrow()
      expect(await seen).toBe(true)
    })
  })
})

describe('a fault of the server', () => {
  test('answers 500 with the id of the request and nothing of its data', async () => {
    const fail = async () => {
      throw new Error('Asha Kulkarni has no result')
    }
    await withDispatch(fail, async url => {
      const answer = await fetch(`${url}/Patient/asha`, { headers: { 'X-Request-Id': 'r-1' } })
      const text = await answer.text()
      expect([answer.status, answer.headers.get('x-request-id')]).toEqual([500, 'r-1'])
      expect(JSON.parse(text).issue).toEqual([
        { severity: 'error', code: 'exception', diagnostics: expect.stringContaining('r-1') },
      ])
      expect(text).not.toMatch(/Asha/i)
    })
  })

  test('in the middle of a stream ends the connection, so that nobody takes a part for the whole', async () => {
    async function* half() {
      yield 'a part'
      throw new Error('gone')
    }
    const dispatch: Dispatch = async () => ({ status: 200, headers: {}, stream: half() })
    await withDispatch(dispatch, async url => {
      await expect(fetch(`${url}/Patient`).then(answer => answer.text())).rejects.toThrow()
    })
  })
})

describe('an answer that is to be pretty', () => {
  test('ends its last line, for a terminal', async () => {
    await put(app, patient({ id: 'pretty' }))
    const { text } = await app.request.get('/fhir/Patient/pretty?_pretty=true')
    expect(text.endsWith('}\n')).toBe(true)
    expect((await app.request.get('/fhir/Patient/pretty')).text.endsWith('}')).toBe(true)
  })
})

describe('an answer that is a stream', () => {
  test('is sent as it comes', async () => {
    async function* many() {
      for (let n = 0; n < 200; n++) yield `${n} ${'x'.repeat(10_000)}\n`
    }
    const headers = { 'Content-Type': 'application/fhir+ndjson' }
    const dispatch: Dispatch = async () => ({ status: 200, headers, stream: many() })
    await withDispatch(dispatch, async url => {
      const answer = await fetch(`${url}/Patient`)
      expect(answer.headers.get('content-type')).toBe('application/fhir+ndjson')
      expect((await answer.text()).match(/^\d+ /gm)).toHaveLength(200)
    })
  })
})

describe('more than the server can work on', () => {
  test('is refused before its body is read, and counts no more when it is gone', async () => {
    const small = await startApp({ MAX_RUNNING: '2' })
    const { hostname, port } = new URL(small.url)
    const head = `PUT /fhir/Patient/a HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/fhir+json\r\nContent-Length: 100\r\n\r\n`
    const held = [1, 2].map(() => connect(Number(port), hostname).on('error', () => {}))
    for (const socket of held) socket.write(head)
    const status = async () =>
      (await send(small, ['PUT', 'Patient/b'], patient({ id: 'b' }))).status
    while ((await status()) !== 503) await new Promise(resolve => setTimeout(resolve, 5))
    const { headers, body } = await small.request.get('/fhir/Patient/b')
    expect([headers['retry-after'], body.issue[0].code]).toEqual(['1', 'transient'])
    expect((await small.request.get('/health/live')).status).toBe(200)
    for (const socket of held) socket.destroy()
    while ((await status()) === 503) await new Promise(resolve => setTimeout(resolve, 5))
    await small.close()
  })

  test('is refused by the bytes of bodies that are announced', async () => {
    const large = await startApp({ MAX_BODY: '200MiB' })
    const { hostname, port } = new URL(large.url)
    const head = `POST /fhir/Patient HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/fhir+json\r\nContent-Length: 200000000\r\n\r\n`
    const announce = async (): Promise<[Socket, Promise<string>]> => {
      const socket = connect(Number(port), hostname).on('error', () => {})
      const said = new Promise<string>(resolve => socket.once('data', data => resolve(`${data}`)))
      await new Promise<void>(resolve => socket.write(head, () => resolve()))
      return [socket, said]
    }
    const [held] = await announce()
    while (!(await large.request.get('/metrics')).text.includes('nidaan_requests_running 1\n'));
    const [refused, said] = await announce()
    expect(await said).toMatch(/^HTTP\/1\.1 503 /)
    expect((await send(large, ['POST', 'Patient'], patient())).status).toBe(201)
    for (const socket of [held, refused]) socket.destroy()
    await large.close()
  })
})

test('what a client asked for that went away while its long body was read is not begun', async () => {
  const { hostname, port } = new URL(app.url)
  const path = 'Patient/left'
  const body = JSON.stringify(
    patient({ id: 'left', contact: Array(200).fill({ name: { text: 'Asha '.repeat(10_000) } }) }),
  )
  const socket = connect(Number(port), hostname).on('error', () => {})
  const head = `PUT /fhir/${path} HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/fhir+json\r\nContent-Length: ${body.length}\r\n\r\n`
  await new Promise<void>(resolve => socket.write(head + body, () => resolve()))
  socket.destroy()
  const left = 'interaction="none",status="499"'
  while (!(await app.request.get('/metrics')).text.includes(left));
  // Parsed in turns beside the other, and begun after it.
  expect((await send(app, ['PUT', 'Patient/b'], body)).status).toBe(400)
  expect((await app.request.get(`/fhir/${path}`)).status).toBe(404)
})

describe('errors', () => {
  test('name elements and never what was sent', async () => {
    const secret = 'Kulkarni9876'
    const wrong = [
      send(app, ['POST', 'Patient'], numbered(secret, { gender: secret, birthDate: secret })),
      send(app, ['POST', 'Patient'], `{"resourceType":"Patient","${secret}":${secret}}`),
      send(app, ['PUT', `Patient/${secret}`], patient({ id: `${secret}x`, name: secret })),
      app.request.get(`/fhir/Patient?birthdate=${secret}&name:${secret}=${secret}`),
      app.request.get(`/fhir/${secret}/1`),
    ]
    for (const { status, text } of await Promise.all(wrong)) {
      expect(status).toBeGreaterThanOrEqual(400)
      expect(text).not.toContain(secret)
    }
  })
})

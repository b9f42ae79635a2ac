import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type App, startApp } from '../support/app.ts'
import { put } from '../support/make.ts'
import { head, wire } from '../support/raw.ts'

const create = (body: object): string => {
  const text = JSON.stringify(body)
  const type = 'Content-Type: application/fhir+json'
  return (
    head('POST /fhir/Patient HTTP/1.1', 'Host: localhost', type, `Content-Length: ${text.length}`) +
    text
  )
}

/** A request has come, as far as its body is there. */
async function untilRunning({ request }: App): Promise<void> {
  while (!/^nidaan_requests_running [1-9]/m.test((await request.get('/metrics')).text))
    await wait(5)
}

let app: App
beforeAll(async () => {
  app = await startApp({ REQUEST_TIME: '1000' })
})
afterAll(() => app.close())

test('a write is answered as it went, whatever comes after it on the connection', async () => {
  const text = await wire(app.url, `${create({ resourceType: 'Patient' })}GARBAGE\r\n\r\n`).closed
  expect(text).toMatch(/^HTTP\/1\.1 201 Created/)
  expect(text).not.toContain('400 Bad Request')
})

test('what is malformed from its first byte answers 400', async () => {
  const text = await wire(app.url, 'GARBAGE\r\n\r\n').closed
  expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request/)
})

const outcomeIn = (text: string) => JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4))

test.each<[string, number, string[]]>([
  ['no Host', 400, []],
  ['an expectation that nobody knows', 417, ['Host: localhost', 'Expect: foo']],
])('a request with %s answers %i with an OperationOutcome', async (_, status, lines) => {
  for (const path of ['/fhir/metadata', '/fhir/Patient', '/health/live']) {
    const asked = head(`GET ${path} HTTP/1.1`, ...lines, 'X-Request-Id: r-1', 'Connection: close')
    const text = await wire(app.url, asked).closed
    expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*X-Request-Id: r-1`))
    expect(outcomeIn(text).issue[0].diagnostics).toMatch(/Host|Expect/)
  }
})

test.each([
  ['127.0.0.1:8080/fhir/metadata?_elements=status', 200],
  ['localhost/fhir?_id=a&_count=0', 200],
  ['LOCALHOST/health/live', 200],
  ['localhost', 200],
  ['localhost?a=b', 200],
  ['localhost/nothing', 404],
  ['evil.example.org/fhir/metadata', 421],
  ['evil.example.org@localhost/fhir/metadata', 421],
])('the target http://%s, as a proxy gets it, answers %i', async (target, status) => {
  // What the target says holds, not Host.
  for (const scheme of ['http', 'HTTPS'])
    for (const host of ['localhost', 'evil.example.org']) {
      const lines = [`Host: ${host}`, 'Connection: close']
      const asked = head(`GET ${scheme}://${target} HTTP/1.1`, ...lines)
      const text = await wire(app.url, asked).closed
      expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    }
})

test('a write may have such a target, also from a page of this server', async () => {
  const { host } = new URL(app.url)
  const lines = [
    'Host: other.example.org',
    `Origin: http://${host}`,
    'Content-Type: text/plain',
    'Content-Length: 1',
    'Connection: close',
  ]
  const asked = head(`POST http://${host}/fhir/Binary HTTP/1.1`, ...lines)
  expect(await wire(app.url, `${asked}a`).closed).toMatch(/^HTTP\/1\.1 201 /)
})

test('a request of HTTP 1.0 needs no Host, and a body is waited for where it is announced', async () => {
  const asked = head('GET /fhir/metadata?_elements=status HTTP/1.0')
  expect(await wire(app.url, asked).closed).toMatch(/^HTTP\/1\.1 200 OK/)
  const lines = ['Host: localhost', 'Expect: 100-continue', 'Connection: close']
  const body = head('POST /fhir/Patient HTTP/1.1', ...lines, 'Content-Length: 0')
  expect(await wire(app.url, body).closed).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 4/)
})

test('a body that is cut short in the middle of a chunk answers 400', async () => {
  const lines = [
    'Host: localhost',
    'Content-Type: application/fhir+json',
    'Transfer-Encoding: chunked',
  ]
  const text = await wire(app.url, `${head('POST /fhir/Patient HTTP/1.1', ...lines)}zz\r\n`).closed
  expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request/)
})

test('a client that never ends its headers gets 408 and cannot keep the connection', async () => {
  const slow = wire(app.url, 'GET /fhir/Patient HTTP/1.1\r\nHost: localhost\r\nX-A: ')
  slow.socket.allowHalfOpen = true
  const drip = setInterval(() => slow.socket.write('a'), 100)
  const text = await Promise.race([slow.closed, wait(4000, 'still open', { ref: false })])
  clearInterval(drip)
  slow.socket.destroy()
  expect(text).toMatch(/^HTTP\/1\.1 408 Request Timeout/)
})

test('a server told to stop does not wait for a client that keeps its connection', async () => {
  const stopping = await startApp()
  const entry = Array.from({ length: 2000 }, (_, n) => ({
    request: { method: 'PUT', url: `Patient/p${n}` },
    resource: { resourceType: 'Patient', id: `p${n}` },
  }))
  const body = JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry })
  const lines = [
    'Host: localhost',
    'Content-Type: application/fhir+json',
    `Content-Length: ${body.length}`,
  ]
  const running = wire(stopping.url, head('POST /fhir HTTP/1.1', ...lines) + body)
  await untilRunning(stopping)
  const began = performance.now()
  await stopping.close()
  expect(await running.closed).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*"201 Created"/)
  // Else it would wait for SHUTDOWN_TIME.
  expect(performance.now() - began).toBeLessThan(10_000)
})

test('a server told to stop sends an answer to its end, though its client reads slowly', async () => {
  const stopping = await startApp()
  const data = 'x'.repeat(8_000_000)
  const long = { resourceType: 'Binary', id: 'long', contentType: 'application/pdf', data }
  await put(stopping, long)
  const idle = wire(stopping.url, head('GET /health/live HTTP/1.1', 'Host: localhost'))
  const slow = wire(stopping.url)
  slow.socket.pause()
  slow.socket.write(head('GET /fhir/Binary/long HTTP/1.1', 'Host: localhost'))
  await wait(200)
  const closing = stopping.close()
  await wait(300)
  slow.socket.resume()
  const text = await slow.closed
  const [, length = ''] = /Content-Length: (\d+)/.exec(text) ?? []
  expect(text.length - text.indexOf('\r\n\r\n') - 4).toBe(Number(length))
  await closing
  expect(await idle.closed).toContain('200 OK')
})

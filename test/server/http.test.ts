import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type App, startApp } from '../support/app.ts'
import { patient, put, send } from '../support/make.ts'

const ours = 'https://app.example.org'
let app: App
let open: App
beforeAll(async () => {
  app = await startApp()
  open = await startApp({ CORS_ORIGINS: ours })
  for (const each of [app, open]) await put(each, patient({ id: 'a' }))
})
afterAll(() => Promise.all([app.close(), open.close()]))

test.each([
  ['a read', 'Patient/a', 200],
  ['a search', 'Patient?_id=a', 200],
  ['what is not there', 'Patient/none', 404],
  ['the CapabilityStatement', 'metadata', 200],
])('a cache asks again before it shows %s', async (_, path, status) => {
  const answer = await app.request.get(`/fhir/${path}`)
  expect([answer.status, answer.headers['cache-control']]).toEqual([status, 'private, no-cache'])
})

test('an address that is too long answers 414 and says what to do', async () => {
  const { status, body } = await app.request.get(`/fhir/Patient?_id=${'a'.repeat(16 * 1024)}`)
  const [{ code, diagnostics }] = body.issue
  expect([status, code]).toEqual([414, 'too-long'])
  expect(diagnostics).toContain('POST _search')
})

test('a 304 says of caches what the whole answer would', async () => {
  const whole = await app.request.get('/fhir/Patient/a')
  const same = await app.request.get('/fhir/Patient/a').set('If-None-Match', 'W/"1"')
  expect(same.status).toBe(304)
  for (const name of ['etag', 'last-modified', 'cache-control', 'vary'])
    expect(same.headers[name]).toBe(whole.headers[name])
})

test.each([
  ['no origin', undefined],
  ['another origin', 'https://other.example.org'],
  ['an allowed origin', ours],
])('an answer to %s is not given by a cache to another, where some may call', async (_, origin) => {
  const { headers } = await open.request.get('/fhir/Patient/a').set(origin ? { origin } : {})
  expect(headers.vary).toBe('Origin, Accept, Accept-Encoding')
  expect(headers['access-control-allow-origin']).toBe(origin === ours ? ours : undefined)
})

test('an answer without a body says so instead of sending an empty one in chunks', async () => {
  const minimal = { headers: { Prefer: 'return=minimal' } }
  const { headers } = await send(app, ['PUT', 'Patient/a'], patient({ id: 'a' }), minimal)
  expect([headers['content-length'], headers['transfer-encoding']]).toEqual(['0', undefined])
})

test('letters beyond ASCII in an address answer 400 and say what to do with them', async () => {
  const socket = connect(Number(new URL(app.url).port), '127.0.0.1')
  socket.end('GET /fhir/Patient?name=आशा HTTP/1.1\r\nHost: localhost\r\n\r\n')
  const answer = (await socket.toArray()).join('')
  expect(answer).toMatch(/^HTTP\/1.1 400 /)
  expect(answer).toContain('percent-encoded')
})

test.each([
  ['an id that can stand in a log is kept', 'lab-7.42', 'lab-7.42', undefined],
  ['another is answered beside one of ours', 'lab 7 <42>', expect.any(String), 'lab 7 <42>'],
  ['none is answered with one of ours', undefined, expect.any(String), undefined],
  ['a very long one is not repeated', 'x'.repeat(300), expect.any(String), undefined],
])('X-Request-Id: %s', async (_, given, id, correlation) => {
  const answer = await app.request
    .get('/fhir/Patient/a')
    .set(given ? { 'X-Request-Id': given } : {})
  expect(answer.headers['x-request-id']).toEqual(id)
  expect(answer.headers['x-correlation-id']).toBe(correlation)
  if (correlation) expect(answer.headers['x-request-id']).not.toBe(given)
})

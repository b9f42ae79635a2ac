import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type App, startApp } from '../support/app.ts'
import { patient, put, send } from '../support/make.ts'
import { head, wire } from '../support/raw.ts'

let app: App
beforeAll(async () => {
  app = await startApp({ CORS_ORIGINS: 'https://app.example.org' })
  await put(app, patient({ id: 'a' }))
})
afterAll(() => app.close())

const paths: [string, string][] = [
  ['/', 'GET, HEAD'],
  ['/console/page.js', 'GET, HEAD'],
  ['/console/totals', 'GET, HEAD'],
  ['/health/live', 'GET, HEAD'],
  ['/metrics', 'GET, HEAD'],
  ['/fhir', 'POST, GET, HEAD'],
  ['/fhir/metadata', 'GET, HEAD'],
  ['/fhir/_history', 'GET, HEAD'],
  ['/fhir/_search', 'POST'],
  ['/fhir/Patient', 'GET, HEAD, POST, PUT, PATCH, DELETE'],
  ['/fhir/Patient/_search', 'POST'],
  ['/fhir/Patient/_history', 'GET, HEAD'],
  ['/fhir/Patient/a', 'GET, HEAD, PUT, PATCH, DELETE'],
  ['/fhir/Patient/a/_history', 'GET, HEAD'],
  ['/fhir/Patient/a/_history/1', 'GET, HEAD'],
  ['/fhir/Patient/a/Observation', 'GET, HEAD'],
  ['/fhir/Patient/a/*/_search', 'POST'],
]

test.each(paths)('OPTIONS %s tells the methods that are possible there', async (path, methods) => {
  const { status, headers, text } = await app.request.options(path)
  expect([status, headers.allow, text]).toEqual([204, `${methods}, OPTIONS`, ''])
  expect(headers).not.toHaveProperty('content-length')
})

test.each(paths.filter(([path]) => path.startsWith('/fhir')))(
  'any other method at %s answers 405 with the same Allow, whatever its body',
  async (path, methods) => {
    const others = (['POST', 'PUT', 'PATCH', 'DELETE'] as const).filter(
      method => !methods.includes(method),
    )
    for (const method of others)
      for (const type of ['application/fhir+json', 'application/x-www-form-urlencoded', 'a/b']) {
        const body = method === 'DELETE' ? undefined : '{"resourceType":"Patient"}'
        const { status, headers } = await send(app, [method, path.slice(6)], body, { type })
        expect([method, type, status, headers.allow]).toEqual([
          method,
          type,
          405,
          `${methods}, OPTIONS`,
        ])
      }
  },
)

test('OPTIONS of what is not there answers 404, of an id that is none 400', async () => {
  for (const path of ['/nothing', '/fhir/Foo', '/fhir/Patient/a/b', '/fhir/$nothing']) {
    const { status, body, headers } = await app.request.options(path)
    expect([path, status, body.resourceType]).toEqual([path, 404, 'OperationOutcome'])
    expect(headers).not.toHaveProperty('allow')
  }
  expect((await app.request.options('/fhir/Patient/a_b')).status).toBe(400)
})

test('OPTIONS of a page is answered with its CORS headers, and a preflight at any path', async () => {
  const origin = { Origin: 'https://app.example.org' }
  const { headers } = await app.request.options('/fhir/metadata').set(origin)
  expect(headers).toMatchObject({
    allow: 'GET, HEAD, OPTIONS',
    'access-control-allow-origin': 'https://app.example.org',
  })
  // Else a page could not even read that its address is wrong.
  const preflight = await app.request
    .options('/fhir/Foo')
    .set({ ...origin, 'Access-Control-Request-Method': 'PUT' })
  expect([preflight.status, preflight.headers['access-control-allow-methods']]).toEqual([
    204,
    'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
  ])
})

test('OPTIONS * is of the whole server', async () => {
  const asked = head('OPTIONS * HTTP/1.1', 'Host: localhost', 'Connection: close')
  expect(await wire(app.url, asked).closed).toMatch(/^HTTP\/1\.1 204 No Content/)
})

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type App, startApp } from '../support/app.ts'

const origin = 'https://app.example.org'
const allowed = 'access-control-allow-origin'

let app: App
beforeAll(async () => {
  app = await startApp({ CORS_ORIGINS: `${origin}, http://localhost:3000` })
})
afterAll(() => app.close())

test('a page of an origin that is named may read the answer', async () => {
  const answer = await app.request.get('/fhir/Patient').set('Origin', origin)
  expect(answer.headers[allowed]).toBe(origin)
  expect(answer.headers['access-control-expose-headers']).toMatch(/ETag.*X-Request-Id/)
})

test.each(['https://evil.example', `${origin}.evil.example`, 'http://app.example.org', 'null'])(
  'a page of %s may not',
  async other => {
    const answer = await app.request.get('/fhir/Patient').set('Origin', other)
    expect(answer.headers).not.toHaveProperty(allowed)
  },
)

test('every answer varies by the origin, so that no cache gives a page the answer of another', async () => {
  const answer = await app.request.get('/fhir/Patient')
  expect(answer.headers.vary).toMatch(/^Origin, Accept/)
})

test('a preflight of an origin that is not named allows nothing', async () => {
  const answer = await app.request
    .options('/fhir/Patient')
    .set({ Origin: 'https://evil.example', 'Access-Control-Request-Method': 'PUT' })
  expect(answer.status).toBe(204)
  expect(answer.headers).not.toHaveProperty('access-control-allow-methods')
})

test('without the setting no origin may', async () => {
  const closed = await startApp()
  const answer = await closed.request.get('/fhir/Patient').set('Origin', origin)
  await closed.close()
  expect(answer.headers).not.toHaveProperty(allowed)
  expect(answer.headers.vary).not.toMatch(/Origin/)
})

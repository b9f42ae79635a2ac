import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type App, startApp } from '../support/app.ts'

const json = 'application/fhir+json'
const nested = (levels: number): object => {
  let extension: object = { url: 'http://example.org', valueString: 'a' }
  for (let n = 0; n < levels; n++) extension = { url: 'http://example.org', extension: [extension] }
  return extension
}

let app: App
const put = (path: string, body: object) =>
  app.request.put(`/fhir/${path}`).set('Content-Type', json).send(JSON.stringify(body))

beforeAll(async () => {
  app = await startApp({ MAX_DEPTH: '200' })
})
afterAll(() => app.close())

test('a resource nested deeper than the usual limit can be changed, shown and deleted', async () => {
  const id = 'deep'
  const patient = { resourceType: 'Patient', id, extension: [nested(60)] }
  const path = `/fhir/Patient/${id}`
  expect((await put(`Patient/${id}`, patient)).status).toBe(201)
  expect((await app.request.get(`${path}?_pretty=true`)).status).toBe(200)
  expect((await app.request.get(`${path}?_elements=active`)).status).toBe(200)
  expect((await put(`Patient/${id}`, { ...patient, active: true })).status).toBe(200)
  const patch = app.request.patch(path).set('Content-Type', 'application/merge-patch+json')
  expect((await patch.send('{"active":false}')).status).toBe(200)
  expect((await app.request.delete(path)).status).toBe(204)
})

test('a page is cut to MAX_PAGE also where _count does not say', async () => {
  const small = await startApp({ MAX_PAGE: '2', DEFAULT_PAGE: '5' })
  for (const id of ['a', 'b', 'c'])
    await small.request
      .put(`/fhir/Basic/${id}`)
      .set('Content-Type', json)
      .send({ resourceType: 'Basic', id, code: { text: 'x' } })
      .expect(201)
  for (const path of ['Basic', 'Basic/_history', '_history']) {
    const { body } = await small.request.get(`/fhir/${path}`)
    expect(body.entry).toHaveLength(2)
  }
  await small.close()
})

test('a value of a search has 10000 characters at most, on each store', async () => {
  const asked = (type: string, name: string, value: string) =>
    app.request
      .post(`/fhir/${type}/_search`)
      .type('form')
      .send(new URLSearchParams([[name, value]]).toString())
  const searches: [string, string, string][] = [
    ['Patient', 'name', ''],
    ['Patient', 'name:exact', 'a,'],
    ['Patient', 'name:contains', ''],
    ['Patient', 'name:text', ''],
    ['Patient', '_content', ''],
    ['Patient', '_text', 'a and '],
    ['Patient', '_filter', 'name co '],
    ['Patient', '_filter', 'identifier eq '],
    ['Observation', 'code', 'a,'],
    ['Observation', 'code:text', ''],
    ['Observation', 'subject:Patient.name', ''],
    ['ValueSet', 'url:below', ''],
  ]
  for (const [type, name, before] of searches)
    for (const letter of ['x', 'é', 'अ']) {
      const { status } = await asked(type, name, before + letter.repeat(10_000))
      expect([name, letter, status]).toEqual([name, letter, 200])
      const longer = await asked(type, name, before + letter.repeat(10_001))
      expect([name, longer.status, longer.body.issue[0]]).toEqual([
        name,
        422,
        expect.objectContaining({
          code: 'too-costly',
          diagnostics: expect.stringMatching(/^[\w:.]+: .*a value .* 10000 characters/),
        }),
      ])
    }
  const dots = await asked('Patient', 'name:contains', '.'.repeat(10_000))
  expect(dots.status).toBe(200)
})

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type App, startApp } from '../support/app.ts'
import { patient, put, send } from '../support/make.ts'

let app: App
beforeAll(async () => {
  app = await startApp()
  await put(app, patient({ id: 'a' }))
})
afterAll(() => app.close())

const fhir = 'application/fhir+json'
const typed = (type: string | undefined) => (type ? `${type}; charset=utf-8` : undefined)

test.each([
  ['', fhir],
  ['*/*', fhir],
  ['application/*', fhir],
  [fhir, fhir],
  ['application/json', 'application/json'],
  ['text/json', 'text/json'],
  ['text/*', 'text/json'],
  ['Application/FHIR+JSON; charset=utf-8', fhir],
  ['application/json, application/fhir+json', 'application/json'],
  ['application/json;q=0.5, application/fhir+json', fhir],
  ['application/fhir+xml, application/json;q=0.1', 'application/json'],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', fhir],
  ['application/fhir+json; fhirVersion=4.0', fhir],
  ['application/fhir+json; fhirVersion="4.0"', fhir],
  ['application/fhir+json; fhirVersion=4.0.1', fhir],
  ['application/fhir+json; fhirVersion=5.0, application/fhir+json; fhirVersion=4.0', fhir],
  ['*/*;q=0.5, application/fhir+json;q=0', 'application/json'],
  ['application/fhir+json;q=0, */*', 'application/json'],
  ['application/fhir+json;q=0.4, application/*;q=0.5, */*;q=0.6', 'text/json'],
  ['application/*;q=0, */*', 'text/json'],
  ['*/*;q=0, application/json;q=0.1', 'application/json'],
  ['text/*;q=0, application/json;q=0, */*;q=0.1', fhir],
  ['application/fhir+json;q=0.2, application/*', 'application/json'],
  ['application/json, */*', 'application/json'],
  ['*/*, application/json', fhir],
  ['application/fhir+json;q=0.0, application/fhir+json;fhirVersion=4.0;q=0.1', fhir],
  ['application/fhir+json;fhirVersion=5.0;q=0, */*;q=0.1', fhir],
  ['application/json; q=.2, application/fhir+json; Q=.1', 'application/json'],
  ['application/json;q=0.0001, application/fhir+json;q=0.5', fhir],
  ['text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2', fhir],
  ['json', fhir],
])('Accept: %s is answered with %s', async (accept, type) => {
  const { status, headers } = await app.request.get('/fhir/Patient/a').set('Accept', accept)
  expect([status, headers['content-type']]).toEqual([200, typed(type)])
})

test.each([
  'application/fhir+xml',
  'text/html',
  'application/json;q=0',
  'application/json;q=0.000',
  '*/*;q=0',
  'application/fhir+json;q=0, application/json;q=0, text/json;q=0, */*',
  'application/*;q=0, text/*;q=0, */*',
  'application/fhir+json; fhirVersion=3.0',
  'application/fhir+json;fhirVersion=5.0',
])('Accept: %s answers 406', async accept => {
  const { status, body } = await app.request.get('/fhir/Patient/a').set('Accept', accept)
  expect([status, body.issue[0].code]).toEqual([406, 'not-supported'])
})

test.each([
  ['json', fhir],
  ['application/json', 'application/json'],
  ['application/fhir%2Bjson', fhir],
  ['application/fhir+json', fhir],
  ['application/fhir%2Bjson;fhirVersion=4.0', fhir],
  ['xml', undefined],
  ['application/fhir%2Bjson;fhirVersion=5.0', undefined],
])('_format=%s goes before Accept', async (format, type) => {
  const { status, headers } = await app.request
    .get(`/fhir/Patient/a?_format=${format}`)
    .set('Accept', type ? 'application/fhir+xml' : fhir)
  expect(status).toBe(type ? 200 : 406)
  if (type) expect(headers['content-type']).toBe(typed(type))
})

test('an error has the media type that was asked for', async () => {
  const answer = await app.request.get('/fhir/Patient/none').set('Accept', 'application/json')
  expect([answer.status, answer.headers['content-type']]).toEqual([404, typed('application/json')])
})

test.each([
  ['application/fhir+json; fhirVersion=4.0', 200],
  ['application/json;charset=UTF-8', 200],
  ['application/fhir+json; fhirVersion=3.0', 415],
  ['application/fhir+json; charset=latin1', 415],
  ['application/fhir+xml', 415],
])('a body of %s answers %i', async (type, status) => {
  const answer = await send(app, ['PUT', 'Patient/a'], patient({ id: 'a' }), { type })
  expect(answer.status).toBe(status)
})

test.each<['POST' | 'PUT', string]>([
  ['POST', 'Patient'],
  ['PUT', 'Patient/a'],
  ['POST', ''],
])(
  'a patch by %s to /%s answers 415, and is not taken for the whole resource',
  async (method, path) => {
    for (const type of ['application/merge-patch+json', 'application/json-patch+json']) {
      const body = path ? patient({ id: 'a' }) : { resourceType: 'Bundle', type: 'batch' }
      const answer = await send(app, [method, path], body, { type })
      expect([answer.status, answer.body.issue[0].code]).toEqual([415, 'not-supported'])
      expect(answer.body.issue[0].diagnostics).not.toContain('patch')
    }
  },
)

/** No two search parameters of a tenant have one code on one type, however they come. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type App, startApp } from '../support/app.ts'

let app: App
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const parameter = (id: string, more: object = {}) => ({
  ...{ resourceType: 'SearchParameter', id, url: `http://example.org/${id}`, name: id },
  ...{ status: 'active', description: id, code: 'ward', base: ['Patient'], type: 'token' },
  ...{ expression: 'Patient.gender', ...more },
})
const put = (resource: { id: string }) => ({
  resource,
  request: { method: 'PUT', url: `SearchParameter/${resource.id}` },
})
const send = (...entry: object[]) =>
  app.request
    .post('/fhir')
    .set('Content-Type', 'application/fhir+json')
    .send(JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry }))

test('in one transaction two of one code are refused, and one takes the place of another', async () => {
  const both = await send(put(parameter('one')), put(parameter('two', { type: 'string' })))
  expect(both.status).toBe(422)
  expect(both.body.issue[0]).toMatchObject({
    code: 'duplicate',
    expression: ['Bundle.entry[1].resource.code'],
  })
  const apart = parameter('two', { base: ['Practitioner'], expression: 'Practitioner.gender' })
  expect((await send(put(parameter('one')), put(apart))).status).toBe(200)
  const third = put(parameter('three'))
  expect((await send(third)).status).toBe(422)
  const retired = put(parameter('one', { status: 'retired' }))
  expect((await send(third, retired)).status).toBe(200)
  // What changes nothing is there all the same.
  expect((await send(put(parameter('four')), third)).status).toBe(422)
  const gone = { request: { method: 'DELETE', url: 'SearchParameter/three' } }
  expect((await send(put(parameter('four')), gone)).status).toBe(200)
})

test.each(['$where=1', 'name[$ne]=1', '_sort=name:exact'])(
  '%s is refused by its name',
  async asked => {
    const [name = '', value = ''] = asked.split('=')
    const { status, body } = await app.request.get(
      `/fhir/Patient?${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
    )
    expect(status).toBe(400)
    expect(body.issue[0].diagnostics).toContain(name === '_sort' ? value : name)
  },
)

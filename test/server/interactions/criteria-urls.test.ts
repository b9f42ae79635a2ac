/** What the fullUrl of an entry means in the criteria of another, and in its uris and urls. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Bundle, FhirResource } from 'fhir/r4'
import { type App, startApp } from '../../support/app.ts'

let app: App
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const system = 'http://example.org/mrn'
const asha = 'urn:uuid:0b5a1c9e-1f5d-4c3e-9a58-5d5f3c0e7a77'
const send = (...entry: object[]) =>
  app.request
    .post('/fhir')
    .set('Content-Type', 'application/fhir+json')
    .send(JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry }))
const count = async (search: string): Promise<number> =>
  (await app.request.get(`/fhir/${search}&_summary=count`)).body.total
const patient = (value: string, fullUrl = asha) => ({
  fullUrl,
  resource: { resourceType: 'Patient', identifier: [{ system, value }] },
  request: { method: 'POST', url: 'Patient', ifNoneExist: `identifier=${system}|${value}` },
})
const result = (value: string, request: object, reference = asha) => ({
  resource: {
    resourceType: 'Observation',
    identifier: [{ system, value }],
    status: 'final',
    code: { text: 'Hb' },
    subject: { reference },
  },
  request,
})

test('criteria that name an entry mean what it is: a repeated transaction makes nothing twice', async () => {
  const ifNoneExist = `identifier=${system}|c1&subject=${asha}`
  const url = `Observation?identifier=${system}|u1&subject=${asha}`
  const entries = [
    result('c1', { method: 'POST', url: 'Observation', ifNoneExist }),
    patient('1'),
    result('u1', { method: 'PUT', url }),
  ]
  const first: Bundle = (await send(...entries)).body
  expect(first.entry?.map(({ response }) => response?.status)).toEqual(Array(3).fill('201 Created'))
  const again: Bundle = (await send(...entries)).body
  expect(again.entry?.map(({ response }) => response?.status)).toEqual(Array(3).fill('200 OK'))
  expect(await count(`Observation?identifier=${system}|`)).toBe(2)
})

test('a token that looks like an entry is a token', async () => {
  const ifNoneExist = `identifier=${asha},urn:ietf:rfc:3986|${asha}`
  const answer = await send(
    patient('2'),
    result('c2', { method: 'POST', url: 'Observation', ifNoneExist }),
  )
  expect(answer.status).toBe(200)
})

test('chains, own parameters and a row of entries that name each other, in any order', async () => {
  const own = {
    ...{ resourceType: 'SearchParameter', id: 'about', url: 'http://example.org/about' },
    ...{ name: 'about', status: 'active', description: 'for a test', code: 'about' },
    ...{ base: ['Observation'], type: 'reference', expression: 'Observation.focus' },
  }
  const put = await app.request
    .put('/fhir/SearchParameter/about')
    .set('Content-Type', 'application/fhir+json')
    .send(JSON.stringify(own))
  expect(put.status).toBe(201)
  for (;;) if ((await app.request.get('/fhir/Observation?about=Patient/a')).status === 200) break
  const one = 'urn:uuid:0b5a1c9e-1f5d-4c3e-9a58-5d5f3c0e7a31'
  const post = (url: string, ifNoneExist: string) => ({ method: 'POST', url, ifNoneExist })
  const organization = {
    fullUrl: 'http://elsewhere.example/fhir/Organization/9',
    resource: { resourceType: 'Organization', identifier: [{ system, value: 'o' }] },
    request: post('Organization', `identifier=${system}|o`),
  }
  const person = {
    fullUrl: asha,
    resource: {
      ...{ resourceType: 'Patient', identifier: [{ system, value: '5' }] },
      managingOrganization: { reference: organization.fullUrl },
    },
    request: post('Patient', `identifier=${system}|5&organization=${organization.fullUrl}`),
  }
  const first = {
    fullUrl: one,
    ...result(
      'd1',
      post('Observation', `identifier=${system}|d1&subject.organization=${organization.fullUrl}`),
    ),
  }
  const about = result('d2', post('Observation', `about=${asha}`))
  const second = { ...about, resource: { ...about.resource, focus: [{ reference: asha }] } }
  const report = {
    resource: {
      ...{ resourceType: 'DiagnosticReport', status: 'final', code: { text: 'x' } },
      result: [{ reference: one }],
    },
    request: post('DiagnosticReport', `result=${one}`),
  }
  const statuses = async (...entries: object[]) =>
    ((await send(...entries)).body.entry ?? []).map(
      ({ response }: { response: { status: string } }) => response.status,
    )
  const all = [report, first, second, person, organization]
  expect(await statuses(...all)).toEqual(Array(5).fill('201 Created'))
  expect(await statuses(...all)).toEqual(Array(5).fill('200 OK'))
  expect(await statuses(...all.toReversed())).toEqual(Array(5).fill('200 OK'))
})

test('an identifier that looks like an entry is one', async () => {
  const ifNoneExist = `subject:identifier=${asha}`
  const one = result('e1', { method: 'POST', url: 'Observation', ifNoneExist })
  Object.assign(one.resource.subject, { identifier: { value: asha } })
  for (const status of ['201 Created', '200 OK'])
    expect((await send(patient('6'), one)).body.entry[1].response.status).toBe(status)
})

test.each([
  ['each other in a circle', `subject=${asha}`],
  ['themselves', 'focus=urn:uuid:0b5a1c9e-1f5d-4c3e-9a58-5d5f3c0e7a01'],
  ['an entry within a filter', `_filter=(subject eq ${asha})`],
])('criteria that name %s are refused', async (_, ifNoneExist) => {
  const fullUrl = 'urn:uuid:0b5a1c9e-1f5d-4c3e-9a58-5d5f3c0e7a01'
  const one = result('c3', { method: 'POST', url: 'Observation', ifNoneExist })
  const two = {
    fullUrl: asha,
    resource: {
      resourceType: 'Patient',
      link: [{ other: { reference: fullUrl }, type: 'seealso' }],
    },
    request: { method: 'POST', url: 'Patient', ifNoneExist: `link=${fullUrl}` },
  }
  const answer = await send({ ...one, fullUrl }, two)
  expect(answer.status).toBe(422)
  expect(answer.body.issue[0].expression).toEqual([
    expect.stringMatching(/^Bundle\.entry\[[01]\]\.request/),
  ])
  expect(await count(`Observation?identifier=${system}|c3`)).toBe(0)
})

test('a delete by criteria that name an entry is refused: deletes come first', async () => {
  const url = `Observation?subject=${asha}`
  const answer = await send(patient('4'), { request: { method: 'DELETE', url } })
  expect(answer.status).toBe(422)
})

test('an address of an entry is replaced where it is followed, and stays where it is a name', async () => {
  const fullUrl = 'http://elsewhere.example/fhir/Binary/9'
  const answer = await send(
    {
      fullUrl,
      resource: { resourceType: 'Binary', contentType: 'text/plain', data: 'YQ==' },
      request: { method: 'POST', url: 'Binary' },
    },
    {
      resource: {
        resourceType: 'DocumentReference',
        id: 'd',
        status: 'current',
        content: [{ attachment: { url: fullUrl } }],
        extension: [
          { url: fullUrl, valueUri: fullUrl },
          { url: 'http://example.org/url', valueUrl: fullUrl },
          { url: 'http://example.org/coding', valueCoding: { system: fullUrl, code: 'a' } },
          { url: 'http://example.org/canonical', valueCanonical: fullUrl },
        ],
      },
      request: { method: 'PUT', url: 'DocumentReference/d' },
    },
    {
      resource: { resourceType: 'ValueSet', id: 'v', url: fullUrl, status: 'draft' },
      request: { method: 'PUT', url: 'ValueSet/v' },
    },
  )
  expect(answer.body).toMatchObject({ type: 'transaction-response' })
  const { location = '' } = answer.body.entry[0].response
  const target = location.split('/').slice(-4, -2).join('/')
  const stored = async (path: string): Promise<FhirResource> =>
    (await app.request.get(`/fhir/${path}`)).body
  expect(await stored('DocumentReference/d')).toMatchObject({
    content: [{ attachment: { url: target } }],
    extension: [
      { url: fullUrl, valueUri: target },
      { valueUrl: target },
      { valueCoding: { system: fullUrl } },
      { valueCanonical: fullUrl },
    ],
  })
  expect(await stored('ValueSet/v')).toMatchObject({ url: fullUrl })
})

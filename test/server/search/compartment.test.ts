/** Searches in a compartment, and on several types. https://hl7.org/fhir/R4/http.html#vsearch */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type App, startApp } from '../../support/app.ts'
import { observation, patient, put } from '../../support/make.ts'

let app: App
beforeAll(async () => {
  app = await startApp()
  const of = (name: string) => ({ subject: to(name) })
  const all = [
    patient({ id: '1' }),
    patient({ id: '2', link: [{ other: to('Patient/1'), type: 'seealso' }] }),
    patient({ id: '3', generalPractitioner: [to('Practitioner/1')] }),
    { resourceType: 'Practitioner', id: '1' },
    { resourceType: 'Device', id: '1' },
    { resourceType: 'RelatedPerson', id: '1', patient: to('Patient/1') },
    observation({ id: 'of-1', ...of('Patient/1'), code: { coding: [{ code: 'a' }] } }),
    observation({ id: 'of-1b', ...of(`${app.url}/fhir/Patient/1`), encounter: to('Encounter/1') }),
    observation({ id: 'by-1', ...of('Patient/2'), performer: [to('Patient/1')] }),
    observation({ id: 'of-2', ...of('Patient/2'), device: to('Device/1') }),
    observation({ id: 'about-1', ...of('Patient/2'), focus: [to('Patient/1')] }),
    {
      resourceType: 'Encounter',
      id: '1',
      status: 'finished',
      class: { code: 'AMB' },
      ...of('Patient/1'),
    },
    { resourceType: 'Medication', id: '1' },
    { resourceType: 'Account', id: '1', status: 'active', subject: [to('Device/1')] },
    {
      resourceType: 'AllergyIntolerance',
      id: '1',
      patient: to('Patient/2'),
      asserter: to('RelatedPerson/1'),
    },
  ]
  for (const resource of all) await put(app, resource)
})
afterAll(() => app.close())

const to = (reference: string) => ({ reference })
const get = (path: string) => app.request.get(`/fhir/${path}`)

interface Found {
  entry?: { resource: { resourceType: string; id: string } }[]
}

const namesOf = (body: Found): string =>
  (body.entry ?? [])
    .map(({ resource }) => `${resource.resourceType}/${resource.id}`)
    .sort()
    .join(' ')

describe('a search in a compartment', () => {
  test.each([
    ['Patient/1/Observation', 'Observation/by-1 Observation/of-1 Observation/of-1b'],
    ['Patient/1/Observation?code=a', 'Observation/of-1'],
    ['Patient/1/Observation?subject=Patient/2', 'Observation/by-1'],
    ['Patient/1/Observation?_id=of-2', ''],
    ['Patient/1/Patient', 'Patient/1 Patient/2'],
    [
      'Patient/1/*',
      'Encounter/1 Observation/by-1 Observation/of-1 Observation/of-1b Patient/1 Patient/2 RelatedPerson/1',
    ],
    ['Patient/1/*?_type=Encounter,Patient,Medication', 'Encounter/1 Patient/1 Patient/2'],
    ['Patient/1/*?_id=1', 'Encounter/1 Patient/1 RelatedPerson/1'],
    ['Patient/none/*', ''],
    ['Encounter/1/*', 'Encounter/1 Observation/of-1b'],
    ['Practitioner/1/Patient', 'Patient/3'],
    ['Device/1/*', 'Account/1 Device/1 Observation/of-2'],
    ['RelatedPerson/1/*', 'AllergyIntolerance/1 RelatedPerson/1'],
  ])('%s finds %s', async (path, names) => {
    const { status, body } = await get(path)
    expect([status, namesOf(body)]).toEqual([200, names])
  })

  test.each(['Patient/1/Observation/_search', 'Patient/1/*/_search'])('POST %s', async path => {
    const { body } = await app.request.post(`/fhir/${path}`).type('form').send('_id=of-1,of-2')
    expect(namesOf(body)).toBe('Observation/of-1')
    expect(body.link[0].url).toBe(`${app.url}/fhir/${path.replace('/_search', '')}?_id=of-1%2Cof-2`)
  })

  test('takes includes, and pages that hold for it alone', async () => {
    const { body } = await get('Patient/1/Observation?_count=1&_include=Observation:subject')
    expect(body.entry).toHaveLength(2)
    const next = body.link.find(({ relation }: { relation: string }) => relation === 'next').url
    expect((await app.request.get(next.slice(app.url.length))).status).toBe(200)
    const other = next.slice(app.url.length).replace('Patient/1', 'Patient/2')
    expect((await app.request.get(other)).status).toBe(400)
  })

  test.each([
    ['Observation/1/Patient', 404, 'Patient, '],
    ['Patient/1/Medication', 404, 'Medication'],
    ['Patient/1/Medicine', 404, ''],
    ['Patient/1/Observation/2', 404, ''],
    ['Patient/a_b/Observation', 400, 'id'],
    ['Patient/1/*?code=a', 400, 'code'],
  ])('%s answers %i', async (path, status, named) => {
    const answer = await get(path)
    expect([answer.status, answer.body.issue[0].diagnostics]).toEqual([
      status,
      expect.stringContaining(named),
    ])
  })

  test('is for reading', async () => {
    const { status, headers } = await app.request.delete('/fhir/Patient/1/Observation')
    expect([status, headers.allow]).toEqual([405, 'GET, HEAD, OPTIONS'])
  })
})

describe('a search on several types', () => {
  test.each([
    ['?_type=Patient,Practitioner', 'Patient/1 Patient/2 Patient/3 Practitioner/1'],
    [
      '?_type=Encounter,Observation&subject=Patient/1',
      'Encounter/1 Observation/of-1 Observation/of-1b',
    ],
    ['?_type=Patient,Practitioner&_id=1', 'Patient/1 Practitioner/1'],
  ])('%s finds %s', async (path, names) => {
    const { status, body } = await get(path)
    expect([status, namesOf(body)]).toEqual([200, names])
  })

  test('by POST', async () => {
    const { body } = await app.request
      .post('/fhir/_search')
      .type('form')
      .send('_type=Device,Medication')
    expect(namesOf(body)).toBe('Device/1 Medication/1')
  })

  test.each(['?_type=Device', 'Patient/1/*', 'Patient/1/Observation', 'Observation?code=a'])(
    'HEAD %s answers the headers of GET',
    async path => {
      const plain = { 'Accept-Encoding': 'identity' }
      const { headers } = await get(path).set(plain)
      const head = await app.request.head(`/fhir/${path}`).set(plain)
      expect([head.status, head.headers['content-length'], head.text]).toEqual([
        200,
        headers['content-length'],
        undefined,
      ])
    },
  )
})

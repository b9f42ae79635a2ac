import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { compose } from '../../server/compose.ts'
import { readConfig } from '../../server/config.ts'
import { type App, startApp } from '../support/app.ts'
import { passing } from '../support/stores.ts'

const json = 'application/fhir+json'
const observation = (subject: string, more: object = {}) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'Haemoglobin' },
  subject: { reference: subject },
  ...more,
})
const bundle = (...entry: object[]) => ({ resourceType: 'Bundle', type: 'transaction', entry })

let app: App
const put = (path: string, body: object) =>
  app.request.put(`/fhir/${path}`).set('Content-Type', json).send(JSON.stringify(body))
const post = (path: string, body: object) =>
  app.request.post(`/fhir/${path}`).set('Content-Type', json).send(JSON.stringify(body))

describe('with REFERENTIAL_INTEGRITY off', () => {
  beforeAll(async () => {
    app = await startApp()
  })
  afterAll(() => app.close())

  test('a reference to what is not there yet is taken', async () => {
    expect((await post('Observation', observation('Patient/later'))).status).toBe(201)
  })

  test('what others refer to can be deleted', async () => {
    await put('Patient/p', { resourceType: 'Patient', id: 'p' })
    await post('Observation', observation('Patient/p'))
    expect((await app.request.delete('/fhir/Patient/p')).status).toBe(204)
  })

  test('an address elsewhere may have a query, a search here may not stand for a resource', async () => {
    const status = async (reference: string) =>
      (await post('Observation', observation(reference))).status
    expect(await status('https://other.example.org/people?number=7')).toBe(201)
    expect(await status('Patient?identifier=7')).toBe(422)
    expect(await status(`${app.url}/fhir/Patient?identifier=7`)).toBe(422)
  })

  test.each([
    ['a target type that the element does not allow', 'Practitioner/1'],
    ['an unknown type', 'Pateint/1'],
    ['a malformed reference', 'Patient/a b'],
    ['a urn that nothing resolves', 'urn:uuid:00000000-0000-4000-8000-000000000000'],
  ])('%s is refused all the same', async (_, reference) => {
    const answer = await post('Observation', observation(reference))
    expect(answer.status).toBe(422)
    expect(answer.body.issue[0].expression[0]).toMatch(/^Observation\.subject/)
  })
})

describe('with REFERENTIAL_INTEGRITY on', () => {
  beforeAll(async () => {
    app = await startApp({ REFERENTIAL_INTEGRITY: 'on' })
  })
  afterAll(() => app.close())

  test('a reference to what is not there answers 422 and names the element', async () => {
    const answer = await post('Observation', observation('Patient/later'))
    expect(answer.status).toBe(422)
    expect(answer.body.issue[0].expression[0]).toMatch(/^Observation\.subject/)
  })

  test('a reference to what is deleted answers 422', async () => {
    await put('Patient/short', { resourceType: 'Patient', id: 'short' })
    await app.request.delete('/fhir/Patient/short')
    expect((await post('Observation', observation('Patient/short'))).status).toBe(422)
  })

  test('a reference to a version that is not there answers 422, to one that was there 201', async () => {
    await put('Patient/versions', { resourceType: 'Patient', id: 'versions' })
    await put('Patient/versions', { resourceType: 'Patient', id: 'versions', active: true })
    const statuses = ['1', '2', '3', 'x'].map(async version => {
      const answer = await post('Observation', observation(`Patient/versions/_history/${version}`))
      return answer.status
    })
    expect(await Promise.all(statuses)).toEqual([201, 201, 422, 422])
  })

  test('a delete of what others refer to answers 409 and names them', async () => {
    await put('Patient/p', { resourceType: 'Patient', id: 'p' })
    await put('Observation/o', observation('Patient/p', { id: 'o' }))
    const answer = await app.request.delete('/fhir/Patient/p')
    expect(answer.status).toBe(409)
    expect(answer.body.issue[0].diagnostics).toContain('Observation/o')
    await app.request.delete('/fhir/Observation/o')
    expect((await app.request.delete('/fhir/Patient/p')).status).toBe(204)
  })

  test('a reference from an element without a search parameter counts too', async () => {
    await put('Organization/org', { resourceType: 'Organization', id: 'org' })
    await put('Patient/ext', {
      resourceType: 'Patient',
      id: 'ext',
      extension: [
        { url: 'http://example.org/by', valueReference: { reference: 'Organization/org' } },
      ],
    })
    expect((await app.request.delete('/fhir/Organization/org')).status).toBe(409)
  })

  test('an address of this server counts as its own resource, one of another server does not', async () => {
    const own = (path: string) => `${app.url}/fhir/${path}`
    const missing = await post('Observation', observation(own('Patient/later')))
    expect(missing.status).toBe(422)
    await put('Patient/own', { resourceType: 'Patient', id: 'own' })
    await put('Observation/own', observation(own('Patient/own/_history/1'), { id: 'own' }))
    const answer = await app.request.delete('/fhir/Patient/own')
    expect(answer.status).toBe(409)
    expect(answer.body.issue[0].diagnostics).toContain('Observation/own')
    await put('Observation/own', observation('http://other.example.org/Patient/own', { id: 'own' }))
    expect((await app.request.delete('/fhir/Patient/own')).status).toBe(204)
  })

  test('an address of this server in an extension counts too', async () => {
    await put('Organization/own', { resourceType: 'Organization', id: 'own' })
    const by = { reference: `${app.url}/fhir/Organization/own` }
    const extension = [{ url: 'http://example.org/by', valueReference: by }]
    await put('Patient/by', { resourceType: 'Patient', id: 'by', extension })
    expect((await app.request.delete('/fhir/Organization/own')).status).toBe(409)
  })

  test('a transaction may bring target and reference, or take both away', async () => {
    const both = bundle(
      {
        resource: observation('Patient/tx', { id: 'txo' }),
        request: { method: 'PUT', url: 'Observation/txo' },
      },
      {
        resource: { resourceType: 'Patient', id: 'tx' },
        request: { method: 'PUT', url: 'Patient/tx' },
      },
    )
    expect((await post('', both)).status).toBe(200)
    const away = bundle(
      { request: { method: 'DELETE', url: 'Patient/tx' } },
      { request: { method: 'DELETE', url: 'Observation/txo' } },
    )
    expect((await post('', away)).status).toBe(200)
    expect((await app.request.get('/fhir/Patient/tx')).status).toBe(410)
  })

  test('a transaction that deletes what it refers to answers 422', async () => {
    await put('Patient/gone', { resourceType: 'Patient', id: 'gone' })
    const answer = await post(
      '',
      bundle(
        { request: { method: 'DELETE', url: 'Patient/gone' } },
        { resource: observation('Patient/gone'), request: { method: 'POST', url: 'Observation' } },
      ),
    )
    expect(answer.status).toBe(422)
  })

  test('a reference and the delete of its target at the same time never both come through', async () => {
    for (let round = 0; round < 15; round++) {
      await put(`Patient/race${round}`, { resourceType: 'Patient', id: `race${round}` })
      const [written, deleted] = await Promise.all([
        post('Observation', observation(`Patient/race${round}`)),
        app.request.delete(`/fhir/Patient/race${round}`),
      ])
      const kept = [written.status === 201, deleted.status === 204]
      expect(kept.filter(Boolean)).toHaveLength(1)
    }
  })

  test('a server at an IPv6 address knows its own before it listens', async () => {
    const { settings, drop } = passing()
    const { repository, makeContext, close } = await compose(
      readConfig({
        ...settings,
        LOG_LEVEL: 'silent',
        REFERENTIAL_INTEGRITY: 'on',
        HOST: '::1',
        PORT: '8080',
      }),
    )
    const resource = observation('http://[::1]:8080/fhir/Patient/none')
    await expect(
      repository.write(makeContext('r'), { kind: 'create', type: 'Observation', resource }),
    ).rejects.toMatchObject({ status: 422 })
    await close()
    await drop()
  })
})

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type App, startApp } from '../../support/app.ts'
import { mrn, numbered, patient, type Sent, send } from '../../support/make.ts'

let app: App
beforeAll(async () => {
  app = await startApp({ DEFAULT_PAGE: '3' })
})
afterAll(() => app.close())

const create = (body?: unknown, sent: Sent = {}) => send(app, ['POST', 'Patient'], body, sent)
const count = async (value: string): Promise<number> =>
  (await app.request.get(`/fhir/Patient?identifier=${mrn}|${value}&_summary=count`)).body.total

describe('create', () => {
  test('answers 201 with the place, the tag, the time and the resource', async () => {
    const { status, headers, body } = await create(patient({ birthDate: '1980-01-01' }))
    expect(status).toBe(201)
    expect(headers.location).toBe(`${app.url}/fhir/Patient/${body.id}/_history/1`)
    expect(headers.etag).toBe('W/"1"')
    expect(headers['last-modified']).toMatch(/ GMT$/)
    expect(body).toMatchObject({
      resourceType: 'Patient',
      birthDate: '1980-01-01',
      meta: { versionId: '1', lastUpdated: expect.stringMatching(/^\d{4}-.*Z$/) },
    })
  })

  test('gives an id of its own, whatever id and version the body has', async () => {
    const meta = { versionId: '9', lastUpdated: '2001-01-01T00:00:00Z', source: 'urn:x:y' }
    const { status, body } = await create(patient({ id: 'mine', meta }))
    expect(status).toBe(201)
    expect(body.id).not.toBe('mine')
    expect(body.meta).toMatchObject({ versionId: '1', source: 'urn:x:y' })
    expect(body.meta.lastUpdated).not.toBe(meta.lastUpdated)
    expect((await app.request.get('/fhir/Patient/mine')).status).toBe(404)
  })

  test.each<[string, number, unknown, string]>([
    ['another resource type', 400, { resourceType: 'Observation' }, 'resourceType'],
    ['no resource type', 400, { birthDate: '1980-01-01' }, 'resourceType'],
    ['a list', 400, [], 'not a Patient'],
    ['no body', 400, undefined, 'not a Patient'],
    ['a text that is no JSON', 400, '{', 'JSON'],
    ['an element that Patient does not have', 422, patient({ wings: 2 }), 'wings'],
  ])('%s answers %i and says why', async (_, status, body, words) => {
    const answer = await create(body)
    expect(answer.status).toBe(status)
    expect(JSON.stringify(answer.body.issue)).toContain(words)
  })

  test('parameters answer 400: the search of a conditional create goes into its header', async () => {
    const answer = await send(app, ['POST', `Patient?identifier=${mrn}|q`], numbered('q'))
    expect(answer.status).toBe(400)
    expect(answer.body.issue[0].diagnostics).toContain('If-None-Exist')
    expect(await count('q')).toBe(0)
  })
})

describe('conditional create', () => {
  const unless = (search: string): Sent => ({ headers: { 'If-None-Exist': search } })

  test('creates where nothing matches, and answers with what is there where one does', async () => {
    const search = unless(`identifier=${mrn}|c1`)
    const first = await create(numbered('c1'), search)
    expect(first.status).toBe(201)
    const second = await create(numbered('c1', { active: true }), search)
    expect(second.status).toBe(200)
    expect(second.headers).toMatchObject({ etag: 'W/"1"', location: first.headers.location })
    expect(second.body).toEqual(first.body)
    expect(await count('c1')).toBe(1)
  })

  test('more than one match answers 412 and stores nothing', async () => {
    await create(numbered('c2'))
    await create(numbered('c2'))
    const answer = await create(numbered('c2'), unless(`identifier=${mrn}|c2`))
    expect([answer.status, answer.body.issue[0].code]).toEqual([412, 'multiple-matches'])
    expect(await count('c2')).toBe(2)
  })

  test('a deleted one does not match', async () => {
    const { body } = await create(numbered('c3'))
    await send(app, ['DELETE', `Patient/${body.id}`])
    expect((await create(numbered('c3'), unless(`identifier=${mrn}|c3`))).status).toBe(201)
  })

  test.each([
    ['the parameters alone', `identifier=${mrn}|c4`],
    ['with the question mark', `?identifier=${mrn}|c4`],
    ['with the type', `Patient?identifier=${mrn}|c4`],
    ['with the path', `/fhir/Patient?identifier=${mrn}|c4`],
    ['percent-encoded', `identifier=${encodeURIComponent(`${mrn}|c4`)}`],
  ])('the header holds %s', async (_, search) => {
    await create(numbered('c4'), unless(`identifier=${mrn}|c4`))
    expect((await create(numbered('c4'), unless(search))).status).toBe(200)
  })

  test.each([
    ['UTF-8, as many clients send them', 200, 'utf8'],
    ['another encoding, which must not store a second one,', 400, 'latin1'],
  ] as const)('letters beyond ASCII in %s answer %i', async (_, status, encoding) => {
    const body = JSON.stringify(numbered('Ü1'))
    await create(numbered('Ü1'), unless(`identifier=${mrn}|%C3%9C1`))
    const search = Buffer.from(`identifier=${mrn}|Ü1`, encoding).toString('latin1')
    const headers = { 'Content-Type': 'application/fhir+json', 'If-None-Exist': search }
    // Not by supertest: Node writes a header that has a text for its body as UTF-8, fetch its bytes as they are.
    const answer = await fetch(`${app.url}/fhir/Patient`, { method: 'POST', headers, body })
    expect(answer.status).toBe(status)
    expect(await count('%C3%9C1')).toBe(1)
  })

  test('a question mark in a value stays in it', async () => {
    const identifier = [{ system: 'http://example.org/?of', value: '1' }]
    const search = unless('identifier=http://example.org/?of|1')
    expect((await create(patient({ identifier }), search)).status).toBe(201)
    expect((await create(patient({ identifier }), search)).status).toBe(200)
  })

  test.each([
    ['nothing', ''],
    ['no search parameter', '_count=1'],
    ['an unknown parameter', 'wings=2'],
    ['another type', `Observation?identifier=${mrn}|c4`],
    ['a value that is not percent-encoded UTF-8', 'identifier=%DC1'],
  ])('criteria that name %s answer 400', async (_, search) => {
    expect((await create(patient(), unless(search))).status).toBe(400)
  })
})

describe('Prefer on a write', () => {
  test.each([
    ['representation', 'Patient'],
    ['OperationOutcome', 'OperationOutcome'],
    ['minimal', undefined],
    ['surprise', 'Patient'],
  ])('return=%s answers with %s', async (wanted, resourceType) => {
    const answer = await create(patient(), { headers: { Prefer: `return=${wanted}` } })
    expect(answer.status).toBe(201)
    expect(answer.headers.location).toMatch(/\/_history\/1$/)
    expect(answer.headers.etag).toBe('W/"1"')
    expect(answer.body.resourceType).toBe(resourceType)
    if (!resourceType) expect(answer.text).toBe('')
  })
})

describe('parts of what was written', () => {
  test('are answered where they are asked for', async () => {
    const created = await send(app, ['POST', 'Patient?_elements=gender'], numbered('part'))
    const { id } = created.body
    expect(created.body.meta.tag[0].code).toBe('SUBSETTED')
    expect(Object.keys(created.body)).toEqual(['resourceType', 'id', 'meta'])
    const kept = (await app.request.get(`/fhir/Patient/${id}`)).body
    expect([kept.meta.tag, kept.identifier[0].value]).toEqual([undefined, 'part'])
    const again = numbered('part', { gender: 'other' })
    const path = `Patient?identifier=${mrn}|part&_elements=gender`
    const updated = (await send(app, ['PUT', path], again)).body
    expect([updated.id, updated.gender, updated.identifier]).toEqual([id, 'other', undefined])
  })

  test('that cannot be answered are refused before anything is written', async () => {
    const answer = await send(app, ['POST', 'Patient?_summary=count'], numbered('uncounted'))
    expect([answer.status, await count('uncounted')]).toEqual([400, 0])
  })
})

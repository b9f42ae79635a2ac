import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type App, startApp } from '../../support/app.ts'
import { mrn, numbered, patient, put, type Sent, send } from '../../support/make.ts'

let app: App
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const update = (path: string, body?: unknown, sent: Sent = {}) =>
  send(app, ['PUT', path], body, sent)
const get = (path: string) => app.request.get(`/fhir/${path}`)

describe('update', () => {
  test('of what is there answers 200 with the next version', async () => {
    await put(app, patient({ id: 'u1' }))
    const { status, headers, body } = await update(
      'Patient/u1',
      patient({ id: 'u1', active: true }),
    )
    expect(status).toBe(200)
    expect(headers.etag).toBe('W/"2"')
    expect(headers['content-location']).toBe(`${app.url}/fhir/Patient/u1/_history/2`)
    expect(headers.location).toBeUndefined()
    expect(body).toMatchObject({ id: 'u1', active: true, meta: { versionId: '2' } })
  })

  test('of what is not there creates it under the id of the address', async () => {
    const { status, headers, body } = await update('Patient/u2', patient({ id: 'u2' }))
    expect([status, headers.etag, body.id]).toEqual([201, 'W/"1"', 'u2'])
    expect(headers.location).toBe(`${app.url}/fhir/Patient/u2/_history/1`)
  })

  test('of what was deleted brings it back as the version after the delete', async () => {
    await put(app, patient({ id: 'u3' }))
    await send(app, ['DELETE', 'Patient/u3'])
    const { status, headers } = await update('Patient/u3', patient({ id: 'u3' }))
    expect([status, headers.etag]).toEqual([201, 'W/"3"'])
    expect((await get('Patient/u3/_history/2')).status).toBe(410)
  })

  test('that changes nothing answers 200 and makes no version', async () => {
    await put(app, patient({ id: 'u4', active: true, birthDate: '1980-01-01' }))
    const { status, headers, body } = await update(
      'Patient/u4',
      '{"id":"u4", "birthDate":"1980-01-01", "active":true, "meta":{"versionId":"7"}, "resourceType":"Patient"}',
    )
    expect([status, headers.etag, body.meta.versionId]).toEqual([200, 'W/"1"', '1'])
    expect((await get('Patient/u4/_history')).body.total).toBe(1)
  })

  test.each(['_summary=true', '_elements=gender'])(
    'with what a read with %s gave answers 422, because the rest would be lost',
    async query => {
      const whole = patient({ id: 'part', gender: 'other', photo: [{ title: 'face' }] })
      await put(app, whole)
      const part = (await get(`Patient/part?${query}`)).body
      const answer = await update('Patient/part', { ...part, gender: 'female' })
      expect([answer.status, answer.body.issue[0]]).toEqual([
        422,
        expect.objectContaining({ code: 'business-rule', expression: ['Patient.meta.tag'] }),
      ])
      expect((await get('Patient/part')).body).toMatchObject(whole)
      const copy = await update('Patient/copy-of-part', { ...part, id: 'copy-of-part' })
      expect(copy.status).toBeLessThan(300)
    },
  )

  test('that changes only the digits of a decimal makes a version', async () => {
    const quantity = (digits: string) =>
      `{"resourceType":"Observation","id":"dec","status":"final","code":{"text":"x"},"valueQuantity":{"value":${digits}}}`
    await update('Observation/dec', quantity('1.0'))
    const { headers, text } = await update('Observation/dec', quantity('1.00'))
    expect(headers.etag).toBe('W/"2"')
    expect(text).toContain('"value":1.00')
  })

  test.each<[string, number, string, unknown]>([
    ['another id in the body', 400, 'Patient/x1', patient({ id: 'x2' })],
    ['no id in the body', 400, 'Patient/x1', patient()],
    ['an id in the body that is no text', 400, 'Patient/x1', patient({ id: 1 })],
    ['another resource type', 400, 'Patient/x1', { resourceType: 'Group', id: 'x1' }],
    ['an id that is none', 400, 'Patient/x_1', patient({ id: 'x_1' })],
    ['no body', 400, 'Patient/x1', undefined],
    ['an unknown parameter', 400, 'Patient/x1?wings=2', patient({ id: 'x1' })],
    ['a type that is none', 404, 'Paitent/x1', patient({ id: 'x1' })],
  ])('%s answers %i and stores nothing', async (_, status, path, body) => {
    const answer = await update(path, body)
    expect(answer.status).toBe(status)
    expect(answer.body.resourceType).toBe('OperationOutcome')
    expect((await get('Patient/x1')).status).toBe(404)
  })
})

describe('If-Match of an update', () => {
  const when = (tag: string): Sent => ({ headers: { 'If-Match': tag } })
  test.each([
    ['the newest version', 200, 'W/"2"'],
    ['it as a strong tag', 200, '"2"'],
    ['it among others', 200, 'W/"1", W/"2"'],
    ['any version', 200, '*'],
    ['an older version', 412, 'W/"1"'],
    ['a version that never was', 412, 'W/"3"'],
    ['a tag of another server', 412, 'W/"a1b2"'],
    ['a number without quotes', 400, '2'],
    ['an empty tag', 400, ' , '],
  ])('%s answers %i', async (_, status, tag) => {
    const id = `m${Buffer.from(tag).toString('hex')}`
    await put(app, patient({ id }))
    await put(app, patient({ id, active: true }))
    const answer = await update(`Patient/${id}`, patient({ id, active: false }), when(tag))
    expect(answer.status).toBe(status)
    const { body } = await get(`Patient/${id}`)
    expect(body.active).toBe(status !== 200)
  })

  test('If-Unmodified-Since answers 400 and writes nothing, unless If-Match decides', async () => {
    await put(app, patient({ id: 'dated' }))
    const dated = { 'If-Unmodified-Since': 'Sun, 06 Nov 1994 08:49:37 GMT' }
    const changed = patient({ id: 'dated', active: true })
    const refused = await update('Patient/dated', changed, { headers: dated })
    expect([refused.status, refused.body.issue[0].diagnostics]).toEqual([
      400,
      expect.stringContaining('If-Match'),
    ])
    const headers = { ...dated, 'If-Match': 'W/"1"' }
    const { body } = await update('Patient/dated', changed, { headers })
    expect(body.meta.versionId).toBe('2')
  })

  test.each(['W/"1"', '*'])('%s on what is not there answers 412', async tag => {
    const answer = await update('Patient/m0', patient({ id: 'm0' }), when(tag))
    expect([answer.status, answer.body.issue[0].code]).toEqual([412, 'conflict'])
  })
})

describe('If-None-Match of an update', () => {
  const when = (tag: string): Sent => ({ headers: { 'If-None-Match': tag } })

  test('* creates, and answers 412 where there is one already', async () => {
    const only = when('*')
    expect((await update('Patient/n1', patient({ id: 'n1' }), only)).status).toBe(201)
    expect((await update('Patient/n1', patient({ id: 'n1', active: true }), only)).status).toBe(412)
    await send(app, ['DELETE', 'Patient/n1'])
    expect((await update('Patient/n1', patient({ id: 'n1' }), only)).status).toBe(201)
  })

  test('a tag answers 400', async () => {
    expect((await update('Patient/n2', patient({ id: 'n2' }), when('W/"1"'))).status).toBe(400)
  })
})

describe('conditional update', () => {
  const by = (value: string) => `Patient?identifier=${mrn}|${value}`

  test('creates where nothing matches, under an id of the server', async () => {
    const { status, headers, body } = await update(by('k1'), numbered('k1'))
    expect(status).toBe(201)
    expect(headers.location).toBe(`${app.url}/fhir/Patient/${body.id}/_history/1`)
  })

  test('creates under the id of the body where nothing matches and the id is free', async () => {
    const { status, body } = await update(by('k2'), numbered('k2', { id: 'k2' }))
    expect([status, body.id]).toEqual([201, 'k2'])
  })

  test('answers 409 where nothing matches and the id of the body is taken', async () => {
    await put(app, numbered('k3', { id: 'k3' }))
    const answer = await update(by('k3-other'), numbered('k3-other', { id: 'k3' }))
    expect([answer.status, answer.body.issue[0].code]).toEqual([409, 'conflict'])
    expect((await get('Patient/k3')).headers.etag).toBe('W/"1"')
  })

  test('updates the one that matches, with its id in the body or none', async () => {
    await put(app, numbered('k4', { id: 'k4' }))
    const none = await update(by('k4'), numbered('k4', { active: true }))
    expect([none.status, none.body.id, none.headers.etag]).toEqual([200, 'k4', 'W/"2"'])
    const same = await update(by('k4'), numbered('k4', { id: 'k4', active: false }))
    expect([same.status, same.headers.etag]).toEqual([200, 'W/"3"'])
  })

  test('answers 400 where the one that matches has another id than the body', async () => {
    await put(app, numbered('k5', { id: 'k5' }))
    expect((await update(by('k5'), numbered('k5', { id: 'k6' }))).status).toBe(400)
  })

  test('answers 412 where more than one matches', async () => {
    await put(app, numbered('k7', { id: 'k7a' }))
    await put(app, numbered('k7', { id: 'k7b' }))
    const answer = await update(by('k7'), numbered('k7'))
    expect([answer.status, answer.body.issue[0].code]).toEqual([412, 'multiple-matches'])
  })

  test('holds to If-Match on the one that matches', async () => {
    await put(app, numbered('k8', { id: 'k8' }))
    const stale = { headers: { 'If-Match': 'W/"2"' } }
    expect((await update(by('k8'), numbered('k8', { active: true }), stale)).status).toBe(412)
  })

  test.each(['Patient', 'Patient?_format=json', 'Patient?wings=2', 'Patient?_count=1'])(
    '%s answers 400: criteria must tell one apart',
    async path => {
      expect((await update(path, patient())).status).toBe(400)
    },
  )
})

test.each<['POST' | 'PUT' | 'PATCH' | 'DELETE', string, string, string]>([
  ['POST', 'Patient', 'If-Match', 'W/"1"'],
  ['POST', 'Patient', 'If-None-Match', '*'],
  ['PUT', 'Patient/misplaced', 'If-None-Exist', 'identifier=1'],
  ['PATCH', 'Patient/there', 'If-None-Exist', 'identifier=1'],
  ['DELETE', 'Patient/there', 'If-None-Exist', 'identifier=1'],
])('a condition where it means nothing is refused: %s %s %s', async (method, path, name, value) => {
  await put(app, patient({ id: 'there' }))
  const before = (await get('_history?_count=1')).body.entry[0]
  const [, id] = path.split('/')
  const body = method === 'DELETE' ? undefined : patient(id ? { id, active: true } : {})
  const headers = {
    [name]: value,
    ...(method === 'PATCH' ? { 'Content-Type': 'application/merge-patch+json' } : {}),
  }
  expect((await send(app, [method, path], body, { headers })).status).toBe(400)
  expect((await get('_history?_count=1')).body.entry[0]).toEqual(before)
})

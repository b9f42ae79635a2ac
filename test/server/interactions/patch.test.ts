import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type App, startApp } from '../../support/app.ts'
import { mrn, numbered, observation, patient, put, type Sent, send } from '../../support/make.ts'

let app: App
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const jsonPatch = 'application/json-patch+json'
const mergePatch = 'application/merge-patch+json'
const patch = (path: string, body: unknown, sent: Sent = { type: mergePatch }) =>
  send(app, ['PATCH', path], body, sent)
const get = (path: string) => app.request.get(`/fhir/${path}`)

/** A FHIRPath Patch of one operation. */
const fhirpath = (...part: object[]) => ({
  resourceType: 'Parameters',
  parameter: [{ name: 'operation', part }],
})
const replaceBirthDate = fhirpath(
  { name: 'type', valueCode: 'replace' },
  { name: 'path', valueString: 'Patient.birthDate' },
  { name: 'value', valueDate: '1990-02-03' },
)

describe('patch', () => {
  test.each<[string, string, unknown]>([
    ['JSON Patch', jsonPatch, [{ op: 'replace', path: '/birthDate', value: '1990-02-03' }]],
    ['JSON Merge Patch', mergePatch, { birthDate: '1990-02-03' }],
    ['FHIRPath Patch', 'application/fhir+json', replaceBirthDate],
    ['FHIRPath Patch as plain JSON', 'application/json; charset=utf-8', replaceBirthDate],
  ])('%s makes the next version and answers it', async (name, type, body) => {
    const id = name.toLowerCase().replaceAll(' ', '-')
    await put(app, patient({ id, birthDate: '1980-01-01', active: true }))
    const answer = await patch(`Patient/${id}`, body, { type })
    expect(answer.status).toBe(200)
    expect(answer.headers.etag).toBe('W/"2"')
    expect(answer.headers['content-location']).toBe(`${app.url}/fhir/Patient/${id}/_history/2`)
    expect(answer.body).toMatchObject({ id, birthDate: '1990-02-03', active: true })
    expect((await get(`Patient/${id}`)).body).toEqual(answer.body)
    const { body: history } = await get(`Patient/${id}/_history`)
    expect(history.entry[0].request).toEqual({ method: 'PATCH', url: `Patient/${id}` })
  })

  test('that changes nothing makes no version', async () => {
    await put(app, patient({ id: 'same', active: true }))
    const { status, headers } = await patch('Patient/same', { active: true })
    expect([status, headers.etag]).toEqual([200, 'W/"1"'])
  })

  describe('of a resource with a narrative', () => {
    const text = (status: string, words: string) => ({
      status,
      div: `<div xmlns="http://www.w3.org/1999/xhtml">${words}</div>`,
    })
    const told = (id: string, status: string) =>
      put(app, observation({ id, text: text(status, 'Hb 7.1'), valueString: '7.1' }))

    test('drops one that is generated, as it may tell what was changed', async () => {
      await told('told', 'generated')
      const { status, body } = await patch('Observation/told', { valueString: '12.5' })
      expect([status, body.valueString, body.text]).toEqual([200, '12.5', undefined])
    })

    test('keeps one that it brings, and one beside a change of meta alone', async () => {
      await told('retold', 'generated')
      const tag = [{ system: mrn, code: 'x' }]
      expect((await patch('Observation/retold', { meta: { tag } })).body.text.div).toContain('7.1')
      const both = { valueString: '12.5', text: text('generated', 'Hb 12.5') }
      expect((await patch('Observation/retold', both)).body.text.div).toContain('12.5')
    })

    test('answers 422 where somebody wrote it, until it is patched too', async () => {
      await told('written', 'additional')
      const { status, body } = await patch('Observation/written', { valueString: '12.5' })
      expect([status, body.issue[0].expression]).toEqual([422, ['Observation.text']])
      const both = { valueString: '12.5', text: text('additional', 'Hb 12.5') }
      expect((await patch('Observation/written', both)).status).toBe(200)
    })
  })

  test('keeps the digits of what it does not touch, and of what it brings', async () => {
    const value = '{"resourceType":"Observation","id":"digits","status":"final",'
    await send(
      app,
      ['PUT', 'Observation/digits'],
      `${value}"code":{"text":"x"},"valueQuantity":{"value":1.00}}`,
    )
    await patch('Observation/digits', '{"referenceRange":[{"low":{"value":0.500}}]}')
    const { text } = await get('Observation/digits')
    expect(text).toContain('"value":1.00}')
    expect(text).toContain('"value":0.500}')
  })

  test.each<[string, number, unknown, string]>([
    ['a patch whose test fails', 422, [{ op: 'test', path: '/active', value: false }], jsonPatch],
    ['a patch of a path that is not there', 422, [{ op: 'remove', path: '/name/4' }], jsonPatch],
    ['a patch that leaves the resource invalid', 422, { gender: 'wings' }, mergePatch],
    ['a patch of the id', 422, { id: 'other' }, mergePatch],
    ['a patch of the type', 422, { resourceType: 'Person' }, mergePatch],
    ['an operation that is none', 400, [{ op: 'paint', path: '/active' }], jsonPatch],
    ['a JSON Patch that is no list', 400, {}, jsonPatch],
    ['a merge patch that is no object', 400, [], mergePatch],
    ['a resource that is no Parameters', 400, patient(), 'application/fhir+json'],
    ['broken JSON', 400, '{', mergePatch],
    ['a media type that is no patch', 415, { active: true }, 'text/plain'],
    ['a patch in XML', 415, '<a/>', 'application/xml-patch+xml'],
  ])('%s answers %i and changes nothing', async (_, status, body, type) => {
    await put(app, patient({ id: 'kept', active: true }))
    const answer = await patch('Patient/kept', body, { type })
    expect(answer.status).toBe(status)
    expect(answer.body.resourceType).toBe('OperationOutcome')
    if (status === 415) expect(answer.headers['accept-patch']).toContain(jsonPatch)
    expect((await get('Patient/kept')).headers.etag).toBe('W/"1"')
  })

  test('without a body answers 4xx', async () => {
    await put(app, patient({ id: 'kept' }))
    for (const type of [jsonPatch, mergePatch, 'application/fhir+json'])
      expect((await patch('Patient/kept', '', { type })).status).toBe(400)
    expect((await send(app, ['PATCH', 'Patient/kept'])).status).toBe(415)
  })

  test('of what is not there answers 404, of what is deleted 410, and makes nothing', async () => {
    expect((await patch('Patient/never', { active: true })).status).toBe(404)
    await put(app, patient({ id: 'gone' }))
    await send(app, ['DELETE', 'Patient/gone'])
    expect((await patch('Patient/gone', { active: true })).status).toBe(410)
    expect((await get('Patient/gone')).headers.etag).toBe('W/"2"')
  })

  test('a parameter answers 400', async () => {
    expect((await patch('Patient/kept?wings=2', { active: true })).status).toBe(400)
  })
})

describe('If-Match of a patch', () => {
  test.each([
    ['W/"2"', 200],
    ['"2"', 200],
    ['*', 200],
    ['W/"1", W/"2"', 200],
    ['W/"1"', 412],
    ['W/"3"', 412],
    ['2', 400],
  ])('%s on version 2 answers %i', async (tag, status) => {
    const id = `m${status}${Buffer.from(tag).toString('hex')}`
    await put(app, patient({ id }))
    await put(app, patient({ id, active: true }))
    const sent = { type: mergePatch, headers: { 'If-Match': tag } }
    expect((await patch(`Patient/${id}`, { active: false }, sent)).status).toBe(status)
    expect((await get(`Patient/${id}`)).body.active).toBe(status !== 200)
  })

  test('of parallel patches with one tag exactly one is taken; without a tag all are', async () => {
    await put(app, observation({ id: 'race' }))
    const race = (headers: Record<string, string>) =>
      Promise.all(
        Array.from({ length: 8 }, (_, n) =>
          patch('Observation/race', [{ op: 'add', path: '/note', value: [{ text: `${n}` }] }], {
            type: jsonPatch,
            headers,
          }),
        ),
      )
    const tagged = await race({ 'If-Match': 'W/"1"' })
    expect(tagged.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(412)])
    const free = await race({})
    expect(free.map(({ status }) => status)).toEqual(Array(8).fill(200))
  })
})

describe('conditional patch', () => {
  const where = (value: string) => `Patient?identifier=${mrn}|${value}`

  test('patches the one that matches', async () => {
    await put(app, numbered('p1', { id: 'p1' }))
    const { status, body } = await patch(where('p1'), { active: true })
    expect([status, body.id, body.active]).toEqual([200, 'p1', true])
  })

  test('answers 404 where nothing matches, and creates nothing', async () => {
    expect((await patch(where('p2'), { active: true })).status).toBe(404)
    expect((await get(where('p2'))).body.total).toBe(0)
  })

  test('answers 412 where more than one matches, and patches none', async () => {
    await put(app, numbered('p3', { id: 'p3a' }))
    await put(app, numbered('p3', { id: 'p3b' }))
    const answer = await patch(where('p3'), { active: true })
    expect([answer.status, answer.body.issue[0].code]).toEqual([412, 'multiple-matches'])
    expect((await get('Patient/p3a')).headers.etag).toBe('W/"1"')
  })

  test('holds to If-Match on the one that matches', async () => {
    await put(app, numbered('p4', { id: 'p4' }))
    const stale = { type: mergePatch, headers: { 'If-Match': 'W/"7"' } }
    expect((await patch(where('p4'), { active: true }, stale)).status).toBe(412)
  })

  test.each(['Patient', 'Patient?_format=json', 'Patient?wings=2'])(
    '%s answers 400',
    async path => {
      expect((await patch(path, { active: true })).status).toBe(400)
    },
  )
})

describe('a patch that makes too much', () => {
  const nested = (levels: number): object =>
    levels === 0
      ? { url: 'http://example.org/e', valueString: 'x' }
      : { url: 'http://example.org/e', extension: [nested(levels - 1)] }

  test('by copies of copies answers 413 before the memory is full', async () => {
    await put(app, patient({ id: 'copied', active: true }))
    const copies = Array.from({ length: 60 }, (_, n) => ({ op: 'copy', from: '', path: `/x${n}` }))
    const { status, body } = await patch('Patient/copied', copies, { type: jsonPatch })
    expect([status, body.issue[0].code]).toEqual([413, 'too-long'])
  })

  test('of a long text answers 413', async () => {
    const small = await startApp({ MAX_BODY: '2MiB' })
    await put(small, patient({ id: 'long', name: [{ given: ['x'.repeat(100_000)] }] }))
    const copies = (count: number) =>
      Array.from({ length: count }, () => ({
        op: 'copy',
        from: '/name/0/given/0',
        path: '/name/0/given/-',
      }))
    const status = async (count: number) =>
      (await send(small, ['PATCH', 'Patient/long'], copies(count), { type: jsonPatch })).status
    expect(await status(20)).toBe(413)
    expect(await status(19)).toBe(200)
    await small.close()
  })

  test('that is deeper than a body may be answers 413, and what is there stays', async () => {
    await put(app, patient({ id: 'deeper', extension: [nested(20)] }))
    const path = `${'/extension/0'.repeat(21)}/extension`
    const add = [
      { op: 'remove', path: `${'/extension/0'.repeat(21)}/valueString` },
      { op: 'add', path, value: [nested(20)] },
    ]
    expect((await patch('Patient/deeper', add, { type: jsonPatch })).status).toBe(413)
    expect((await get('Patient/deeper')).body.extension).toEqual([nested(20)])
  })
})

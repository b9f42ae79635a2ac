import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type App, startApp } from '../../support/app.ts'
import { observation, patient, put, send } from '../../support/make.ts'

let app: App
beforeAll(async () => {
  app = await startApp()
  await put(app, patient({ id: 'a', birthDate: '1980-01-01' }))
  await put(app, patient({ id: 'a', birthDate: '1980-01-02' }))
  await put(app, patient({ id: 'gone' }))
  await send(app, ['DELETE', 'Patient/gone'])
  await put(app, full)
})
afterAll(() => app.close())

const get = (path: string, headers: Record<string, string> = {}) =>
  app.request.get(`/fhir/${path}`).set(headers)

const full = observation({
  id: 'full',
  text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">high</div>' },
  note: [{ text: 'fasting' }],
  valueQuantity: { value: 7.1, unit: 'mmol/L' },
  component: [{ code: { text: 'part' }, valueString: 'x', interpretation: [{ text: 'high' }] }],
})

describe('read', () => {
  test('answers the newest version with its tag and its time', async () => {
    const { status, headers, body } = await get('Patient/a')
    expect(status).toBe(200)
    expect(headers.etag).toBe('W/"2"')
    expect(headers['content-type']).toBe('application/fhir+json; charset=utf-8')
    expect(body).toMatchObject({ id: 'a', birthDate: '1980-01-02', meta: { versionId: '2' } })
    expect(Date.parse(headers['last-modified'] ?? '')).toBe(
      Math.floor(Date.parse(body.meta.lastUpdated) / 1000) * 1000,
    )
  })

  test('HEAD answers the same headers without a body', async () => {
    const read = await get('Patient/a')
    const { status, headers, text } = await app.request.head('/fhir/Patient/a')
    expect(status).toBe(200)
    expect(text).toBeUndefined()
    for (const name of ['etag', 'last-modified', 'content-type', 'content-length'])
      expect(headers[name]).toBe(read.headers[name])
  })

  test.each([
    ['one that never was', 'Patient/never', 404, 'not-found'],
    ['a deleted one', 'Patient/gone', 410, 'deleted'],
    ['an id that is none', 'Patient/a_b', 400, 'invalid'],
    ['an id that begins with _', 'Patient/_a', 400, 'invalid'],
    ['an id of 65 characters', `Patient/${'a'.repeat(65)}`, 400, 'invalid'],
    ['a type that is none', 'Paitent/a', 404, 'not-found'],
    ['a type in lower case', 'patient/a', 404, 'not-found'],
    ['an abstract type', 'DomainResource/a', 404, 'not-found'],
  ])('%s answers %s: %i %s', async (_, path, status, code) => {
    const answer = await get(path)
    expect(answer.status).toBe(status)
    expect(answer.body).toMatchObject({ resourceType: 'OperationOutcome', issue: [{ code }] })
  })

  test('a deleted one carries the tag of the delete, which an update may name', async () => {
    await put(app, patient({ id: 'back' }))
    await send(app, ['DELETE', 'Patient/back'])
    const { headers } = await get('Patient/back')
    expect(headers.etag).toBe('W/"2"')
    const stale = { headers: { 'If-Match': 'W/"1"' } }
    const again = patient({ id: 'back', active: true })
    expect((await send(app, ['PUT', 'Patient/back'], again, stale)).status).toBe(412)
    const right = { headers: { 'If-Match': headers.etag ?? '' } }
    const { status, body } = await send(app, ['PUT', 'Patient/back'], again, right)
    expect([status, body.meta.versionId]).toEqual([201, '3'])
  })

  test.each([
    ['an unknown parameter', 'Patient/a?name=x', 400],
    ['a parameter of searches', 'Patient/a/_history/1?_count=1', 400],
    ['_pretty', 'Patient/a?_pretty=true', 200],
    ['_format', 'Patient/a?_format=json', 200],
  ])('%s (%s) answers %i', async (_, path, status) => {
    expect((await get(path)).status).toBe(status)
  })

  test('unknown parameters are passed over where the caller prefers lenient handling', async () => {
    expect((await get('Patient/a?name=x', { Prefer: 'handling=lenient' })).status).toBe(200)
  })
})

describe('vread', () => {
  test('answers the version asked for', async () => {
    const { status, headers, body } = await get('Patient/a/_history/1')
    expect([status, headers.etag, body.birthDate]).toEqual([200, 'W/"1"', '1980-01-01'])
  })

  test.each([
    ['a version that never was', 'Patient/a/_history/3', 404],
    ['version 0', 'Patient/a/_history/0', 404],
    ['a version that is no number', 'Patient/a/_history/x', 404],
    ['a version that is a delete', 'Patient/gone/_history/2', 410],
    ['the version before a delete', 'Patient/gone/_history/1', 200],
    ['a version of one that never was', 'Patient/never/_history/1', 404],
  ])('%s (%s) answers %i', async (_, path, status) => {
    expect((await get(path)).status).toBe(status)
  })
})

describe('conditional read', () => {
  const future = 'Fri, 01 Jan 2100 00:00:00 GMT'
  const past = 'Wed, 01 Jan 2020 00:00:00 GMT'
  test.each<[string, number, Record<string, string>]>([
    ['the tag', 304, { 'If-None-Match': 'W/"2"' }],
    ['the tag, strong', 304, { 'If-None-Match': '"2"' }],
    ['another tag', 200, { 'If-None-Match': 'W/"1"' }],
    ['several tags with it', 304, { 'If-None-Match': 'W/"7", W/"2"' }],
    ['several tags without it', 200, { 'If-None-Match': 'W/"7","1"' }],
    ['any tag', 304, { 'If-None-Match': '*' }],
    ['no tag at all', 200, { 'If-None-Match': '2' }],
    ['a time after it', 304, { 'If-Modified-Since': future }],
    ['a time before it', 200, { 'If-Modified-Since': past }],
    ['a time that is none', 200, { 'If-Modified-Since': 'yesterday' }],
    ['another tag and a time after', 200, { 'If-None-Match': '"1"', 'If-Modified-Since': future }],
    ['the tag and a time before', 304, { 'If-None-Match': '"2"', 'If-Modified-Since': past }],
  ])('%s answers %i', async (_, status, headers) => {
    const answer = await get('Patient/a', headers)
    expect(answer.status).toBe(status)
    expect(answer.headers.etag).toBe('W/"2"')
    if (status === 304) expect(answer.text).toBe('')
  })

  test('the Last-Modified of an answer is unmodified since', async () => {
    const { headers } = await get('Patient/a')
    const since = { 'If-Modified-Since': headers['last-modified'] ?? '' }
    expect((await get('Patient/a', since)).status).toBe(304)
  })

  test('a version is unchanged too, and a deleted one is gone whatever the condition', async () => {
    const any = { 'If-None-Match': '*' }
    expect((await get('Patient/a/_history/1', any)).status).toBe(304)
    expect((await get('Patient/gone', any)).status).toBe(410)
  })
})

describe('parts of a resource', () => {
  const keysOf = async (query: string) => {
    const { body } = await get(`Observation/full?${query}`)
    return Object.keys(body).sort().join(' ')
  }

  test.each([
    ['_summary=true', 'code component id meta resourceType status valueQuantity'],
    ['_summary=text', 'code id meta resourceType status text'],
    ['_summary=data', 'code component id meta note resourceType status valueQuantity'],
    ['_summary=false', 'code component id meta note resourceType status text valueQuantity'],
    ['_elements=note', 'code id meta note resourceType status'],
    ['_elements=value', 'code id meta resourceType status valueQuantity'],
    ['_elements=Observation.note,value', 'code id meta note resourceType status valueQuantity'],
    ['_elements=value[x]', 'code id meta resourceType status valueQuantity'],
    ['_elements=valueQuantity', 'code id meta resourceType status valueQuantity'],
    ['_elements=none', 'code id meta resourceType status'],
  ])('%s gives %s', async (query, keys) => {
    expect(await keysOf(query)).toBe(keys)
  })

  test.each([
    ['_summary=true', 'code doNotPerform intent modifierExtension status subject'],
    ['_summary=text', 'intent status subject'],
    ['_elements=note', 'doNotPerform intent modifierExtension note status subject'],
  ])('%s leaves out nothing that changes what the rest means', async (query, keys) => {
    await put(app, {
      resourceType: 'ServiceRequest',
      id: 'not',
      modifierExtension: [{ url: 'http://x.org/m', valueBoolean: true }],
      status: 'active',
      intent: 'order',
      doNotPerform: true,
      code: { text: 'biopsy' },
      subject: { reference: 'Patient/a' },
      note: [{ text: 'anticoagulated' }],
    })
    const { resourceType, id, meta, ...rest } = (await get(`ServiceRequest/not?${query}`)).body
    expect([resourceType, id, meta.versionId]).toEqual(['ServiceRequest', 'not', '1'])
    expect(Object.keys(rest).sort().join(' ')).toBe(keys)
  })

  test('they are marked as such, and keep the tags they have', async () => {
    await put(
      app,
      patient({ id: 'tagged', meta: { tag: [{ system: 'http://x.org', code: 'k' }] } }),
    )
    const { body } = await get('Patient/tagged?_elements=name')
    expect(body.meta).toMatchObject({
      versionId: '1',
      tag: [
        { code: 'k' },
        {
          system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
          code: 'SUBSETTED',
        },
      ],
    })
    expect((await get('Patient/tagged')).body.meta.tag).toHaveLength(1)
  })

  test('of a component only what belongs to the summary stays', async () => {
    const { body } = await get('Observation/full?_summary=true')
    expect(body.component).toEqual([{ code: { text: 'part' }, valueString: 'x' }])
  })

  test('an element of a primitive goes with its extension', async () => {
    const _birthDate = { extension: [{ url: 'http://x.org/e', valueString: 'about' }] }
    await put(app, patient({ id: 'prim', birthDate: '1980-01-01', _birthDate, gender: 'other' }))
    const { body } = await get('Patient/prim?_elements=birthDate')
    expect(body).toMatchObject({ birthDate: '1980-01-01', _birthDate })
    expect(body.gender).toBeUndefined()
  })

  test.each(['_summary=count', '_summary=all'])('%s of a read answers 400', async query => {
    expect((await get(`Patient/a?${query}`)).status).toBe(400)
  })
})

test('the ifModifiedSince of an entry counts milliseconds', async () => {
  await put(app, { resourceType: 'Patient', id: 'instant' })
  const { body } = await app.request.get('/fhir/Patient/instant')
  const at = Date.parse(body.meta.lastUpdated)
  const since = (ms: number) => ({
    request: {
      method: 'GET',
      url: 'Patient/instant',
      ifModifiedSince: new Date(at + ms).toISOString(),
    },
  })
  const batch = { resourceType: 'Bundle', type: 'batch', entry: [since(-1), since(0), since(1)] }
  const answer = await send(app, ['POST', ''], batch)
  expect(
    answer.body.entry.map(({ response }: { response: { status: string } }) => response.status),
  ).toEqual(['200 OK', '304 Not Modified', '304 Not Modified'])
})

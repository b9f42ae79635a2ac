import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type App, startApp } from '../support/app.ts'
import { patient, put, send } from '../support/make.ts'

let app: App
beforeAll(async () => {
  app = await startApp({ MAX_BODY: '64KiB', CORS_ORIGINS: 'https://app.example.org' })
  await put(app, patient({ id: 'a' }))
  await put(app, binary('pdf', 'application/pdf', pdf))
  for (const [id, type] of Object.entries(types)) await put(app, binary(id, type, pdf))
})
afterAll(() => app.close())

const fhir = 'application/fhir+json'
/** Every byte there is, so that nothing may take it for text. */
const pdf = Buffer.from(Array.from({ length: 256 }, (_, index) => index))
const types = { html: 'text/html; charset=utf-8', json: 'application/json', cda: 'text/xml' }
const binary = (id: string, contentType: string, content: Buffer) => ({
  resourceType: 'Binary',
  id,
  contentType,
  securityContext: { reference: 'Patient/a' },
  data: content.toString('base64'),
})

type Headers = Record<string, string>
const call = (method: string, path: string, headers: Headers = {}, body?: Buffer | string) =>
  fetch(`${app.url}/fhir/${path}`, { method, headers, ...(body === undefined ? {} : { body }) })
const jsonOf = async (answer: Response): Promise<any> => answer.json()
const get = (path: string, accept: string, headers: Headers = {}) =>
  call('GET', path, { Accept: accept, ...headers })
const bytesOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer())

const browser =
  'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'

describe('a read of a Binary', () => {
  // Its tag is the version's, and a browser that holds the other one would take a 304 for an answer about that.
  test.each(['*/*', fhir])('with Accept: %s is kept by no cache', async accept => {
    const found = await get('Binary/pdf', accept)
    expect([found.status, found.headers.get('cache-control')]).toEqual([200, 'private, no-store'])
    const same = await get('Binary/pdf', accept, { 'If-None-Match': 'W/"1"' })
    expect([same.status, same.headers.get('cache-control')]).toEqual([304, 'private, no-store'])
  })

  test.each(['text/plain;x="日本"', 'text/plain;x="é"', 'text/plain;x="\u007f"'])(
    'of the type %s, which no header may have, answers it as bytes',
    async contentType => {
      await put(app, binary('odd', contentType, pdf))
      const answer = await get('Binary/odd', '*/*')
      expect([answer.status, answer.headers.get('content-type')]).toEqual([
        200,
        'application/octet-stream',
      ])
      expect((await bytesOf(answer)).equals(pdf)).toBe(true)
    },
  )

  test.each([
    ['pdf', '*/*'],
    ['pdf', browser],
    ['pdf', 'application/pdf'],
    ['pdf', 'application/*'],
    ['pdf', 'image/png, Application/PDF;q=0.2'],
    ['pdf', 'application/json, text/plain, */*'],
    ['pdf', 'application/fhir+json;q=0.5, application/pdf'],
    ['pdf', 'application/fhir+xml, */*;q=0.1'],
    ['pdf/_history/1', '*/*'],
    ['json', 'application/json'],
    ['cda', 'application/fhir+xml, text/xml;q=0.5'],
    ['html', browser],
  ])('of %s with Accept: %s answers what it holds', async (id, accept) => {
    const answer = await get(`Binary/${id}`, accept)
    const type = { pdf: 'application/pdf', ...types }[id.split('/')[0] ?? '']
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, type])
    expect((await bytesOf(answer)).equals(pdf)).toBe(true)
  })

  test('without an Accept answers what it holds', async () => {
    const { headers, status } = await app.request.get('/fhir/Binary/pdf')
    expect([status, headers['content-type']]).toEqual([200, 'application/pdf'])
  })

  test.each([
    ['pdf', fhir, fhir],
    ['pdf', 'application/fhir+json, */*', fhir],
    ['pdf', 'application/fhir+json, application/pdf', fhir],
    ['pdf', 'application/json', 'application/json'],
    ['pdf', 'application/json, */*;q=0.1', 'application/json'],
    ['pdf', 'image/png, application/fhir+json;q=0.1', fhir],
    ['pdf', '*/*, application/pdf;q=0', fhir],
    ['pdf?_format=json', '*/*', fhir],
    ['pdf?_summary=true', '*/*', fhir],
    ['json', fhir, fhir],
  ])('%s with Accept: %s answers the resource as %s', async (path, accept, type) => {
    const answer = await get(`Binary/${path}`, accept)
    expect(answer.headers.get('content-type')).toBe(`${type}; charset=utf-8`)
    expect(await jsonOf(answer)).toMatchObject({ resourceType: 'Binary' })
  })

  test.each([
    ['Binary/pdf', 'image/png', 406],
    ['Binary/pdf', 'application/fhir+xml', 406],
    ['Binary/pdf', 'application/xml', 406],
    ['Binary/pdf', 'application/pdf;q=0', 406],
    ['Binary/pdf?_format=xml', 'application/pdf', 406],
    ['Binary/pdf?_summary=true', 'application/pdf', 406],
    ['Binary/pdf?name=x', 'application/pdf', 400],
    ['Binary/none', 'application/pdf', 404],
    ['Binary/pdf/_history/9', 'application/pdf', 404],
    ['Binary/pdf/_history', 'application/pdf', 406],
    ['Binary', 'application/pdf', 406],
    ['Patient/a', 'application/pdf', 406],
  ])('%s with Accept: %s answers %i and an OperationOutcome', async (path, accept, status) => {
    const answer = await get(path, accept)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      status,
      `${fhir}; charset=utf-8`,
    ])
    expect(await jsonOf(answer)).toMatchObject({ resourceType: 'OperationOutcome' })
  })

  test('has the tag, the date, the length and whose access it follows, by HEAD too', async () => {
    const read = await get('Binary/pdf', '*/*')
    const head = await call('HEAD', 'Binary/pdf')
    expect(read.headers.get('etag')).toBe('W/"1"')
    expect(read.headers.get('content-length')).toBe('256')
    expect(read.headers.get('x-security-context')).toBe('Patient/a')
    expect(read.headers.get('vary')).toContain('Accept')
    for (const name of ['etag', 'last-modified', 'content-type', 'content-length', 'vary'])
      expect(head.headers.get(name)).toBe(read.headers.get(name))
    expect((await bytesOf(head)).length).toBe(0)
  })

  test.each(['application/pdf', 'image/png'])('that is unchanged answers 304 to %s', async type => {
    const answer = await get('Binary/pdf', type, { 'If-None-Match': 'W/"1"' })
    expect([answer.status, await answer.text()]).toEqual([304, ''])
  })

  test('in a batch answers the resource', async () => {
    const entry = [{ request: { method: 'GET', url: 'Binary/pdf' } }]
    const { body } = await send(app, ['POST', ''], { resourceType: 'Bundle', type: 'batch', entry })
    expect(body.entry[0].resource).toMatchObject({ resourceType: 'Binary', id: 'pdf' })
  })

  test('of a deleted one answers 410', async () => {
    await put(app, binary('gone', 'text/plain', pdf))
    await send(app, ['DELETE', 'Binary/gone'])
    expect((await get('Binary/gone', 'text/plain')).status).toBe(410)
  })
})

describe('content that anyone may have stored', () => {
  const guardsOf = async (contentType: string) => {
    await put(app, binary('guarded', contentType, pdf))
    const { headers } = await get('Binary/guarded', '*/*')
    return ['content-type', 'content-disposition', 'content-security-policy'].map(name =>
      headers.get(name),
    )
  }
  const sandbox = expect.stringContaining('sandbox')

  test.each(['text/html', 'application/xhtml+xml', 'image/svg+xml', 'text/xml', 'IMAGE/SVG+xml'])(
    'is saved, not shown, where it is %s',
    async type => expect(await guardsOf(type)).toEqual([type, 'attachment', sandbox]),
  )

  test.each(['text/plain', 'image/png'])('is shown in a sandbox where it is %s', async type =>
    expect(await guardsOf(type)).toEqual([type, null, sandbox]),
  )

  test('is shown by what a browser has for PDF', async () =>
    expect(await guardsOf('application/pdf')).toEqual(['application/pdf', null, null]))

  test.each(['pdf', 'text/html, image/png', 'text/plain;a', 'text/é'])(
    'is of no known type where that is called %s',
    async type =>
      expect(await guardsOf(type)).toEqual(['application/octet-stream', 'attachment', sandbox]),
  )

  test('is not guessed at', async () => {
    const { headers } = await get('Binary/pdf', '*/*')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  })
})

describe('a write of content', () => {
  const post = (type: string, headers: Headers = {}, body: Buffer | string = pdf) =>
    call('POST', 'Binary', { 'Content-Type': type, ...headers }, body)

  test('by POST stores it as data, in its type', async () => {
    const made = await post('image/png', { 'X-Security-Context': 'Patient/a' })
    const stored = await jsonOf(made)
    expect([made.status, stored]).toEqual([
      201,
      {
        resourceType: 'Binary',
        id: expect.any(String),
        meta: expect.anything(),
        contentType: 'image/png',
        securityContext: { reference: 'Patient/a' },
        data: pdf.toString('base64'),
      },
    ])
    expect(made.headers.get('location')).toBe(`${app.url}/fhir/Binary/${stored.id}/_history/1`)
    const read = await get(`Binary/${stored.id}`, 'image/png')
    expect((await bytesOf(read)).equals(pdf)).toBe(true)
  })

  test.each([
    ['text/plain;  charset=ISO-8859-1', 'text/plain; charset=ISO-8859-1'],
    ['application/json-patch+json', 'application/json-patch+json'],
    ['application/dicom', 'application/dicom'],
  ])('of %s keeps the type and the bytes as they are', async (type, kept) => {
    const { id, contentType, data } = await jsonOf(await post(type))
    expect([contentType, data]).toEqual([kept, pdf.toString('base64')])
    expect((await get(`Binary/${id}`, '*/*')).headers.get('content-type')).toBe(kept)
  })

  test('by PUT makes a version, by If-Match only of the one named', async () => {
    const type = { 'Content-Type': 'text/plain' }
    expect((await call('PUT', 'Binary/note', type, 'one')).status).toBe(201)
    const again = await call('PUT', 'Binary/note', { ...type, 'If-Match': 'W/"1"' }, 'two')
    expect([again.status, again.headers.get('etag')]).toEqual([200, 'W/"2"'])
    const stale = await call('PUT', 'Binary/note', { ...type, 'If-Match': 'W/"1"' }, 'three')
    expect(stale.status).toBe(412)
    expect(await (await get('Binary/note', 'text/plain')).text()).toBe('two')
    expect(await (await get('Binary/note/_history/1', 'text/plain')).text()).toBe('one')
  })

  test('of nothing stores a Binary without data', async () => {
    const made = await post('text/plain', {}, '')
    const { id, data } = await jsonOf(made)
    expect([made.status, data]).toEqual([201, undefined])
    const read = await get(`Binary/${id}`, '*/*')
    expect([read.status, read.headers.get('content-length')]).toEqual([200, '0'])
  })

  test('answers as its Prefer says', async () => {
    const minimal = await post('text/plain', { Prefer: 'return=minimal' })
    expect([minimal.status, await minimal.text()]).toEqual([201, ''])
    const outcome = await post('text/plain', { Prefer: 'return=OperationOutcome' })
    expect((await jsonOf(outcome)).resourceType).toBe('OperationOutcome')
  })

  test('may have what fits as base64 into the largest body, and no more', async () => {
    const most = Buffer.alloc(48 * 1024)
    const made = await post('application/zip', {}, most)
    const { id } = await jsonOf(made)
    expect([made.status, (await bytesOf(await get(`Binary/${id}`, '*/*'))).length]).toEqual([
      201,
      most.length,
    ])
    const larger = await post('application/zip', {}, Buffer.alloc(most.length + 1))
    expect([larger.status, (await jsonOf(larger)).issue[0].code]).toEqual([413, 'too-long'])
    expect((await post('application/zip', {}, Buffer.alloc(65 * 1024))).status).toBe(413)
  })

  test.each([
    ['application/fhir+xml', 415],
    ['application/xml', 415],
    ['application/fhir+json; fhirVersion=5.0', 415],
    ['application/x-www-form-urlencoded', 415],
    ['multipart/form-data; boundary=x', 415],
    ['pdf', 415],
    [fhir, 400],
    ['application/json', 400],
  ])('as %s is none, and answers %i', async (type, status) => {
    const answer = await post(type)
    expect([answer.status, (await jsonOf(answer)).resourceType]).toEqual([
      status,
      'OperationOutcome',
    ])
  })

  test('of FHIR JSON is a resource', async () => {
    const made = await post(fhir, {}, JSON.stringify({ ...binary('x', 'text/plain', pdf) }))
    expect((await jsonOf(made)).contentType).toBe('text/plain')
  })

  test.each(['Patient', 'Binary/_search', 'Patient/a'])('to %s answers 415', async path => {
    const method = path === 'Patient/a' ? 'PUT' : 'POST'
    expect((await call(method, path, { 'Content-Type': 'text/plain' }, 'x')).status).toBe(415)
  })

  test('for more than one security context answers 400', async () => {
    const two = { 'X-Security-Context': 'Patient/a, Patient/b' }
    expect((await post('text/plain', two)).status).toBe(400)
  })

  test.each([
    ['https://evil.example.org', 403],
    ['null', 403],
    ['https://app.example.org', 201],
    ['same', 201],
  ])('from a page of the origin %s answers %i', async (origin, status) => {
    const headers = { Origin: origin === 'same' ? app.url : origin }
    expect((await post('text/plain', headers)).status).toBe(status)
  })
})

test('the CapabilityStatement says so', async () => {
  const { rest } = await jsonOf(await get('metadata', fhir))
  const { documentation } = rest[0].resource.find(({ type }: { type: string }) => type === 'Binary')
  expect(documentation).toContain('in its own type')
})

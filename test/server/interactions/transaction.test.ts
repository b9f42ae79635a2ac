import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Bundle, BundleEntry, FhirResource } from 'fhir/r4'
import { type App, startApp } from '../../support/app.ts'

let app: App
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const system = 'http://example.org/mrn'
let last = 0
const newValue = () => `v${++last}`

const patient = (value: string, more: object = {}): FhirResource =>
  ({ resourceType: 'Patient', identifier: [{ system, value }], ...more }) as FhirResource

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
const entry = (method: Method, url: string, resource?: unknown, more: object = {}): BundleEntry =>
  ({
    ...(resource ? { resource } : {}),
    ...more,
    request: { method, url, ...((more as BundleEntry).request ?? {}) },
  }) as BundleEntry

const send = (entries: BundleEntry[], type: Bundle['type'] = 'transaction', headers = {}) =>
  app.request
    .post('/fhir')
    .set('Content-Type', 'application/fhir+json')
    .set(headers)
    .send(JSON.stringify({ resourceType: 'Bundle', type, entry: entries }))

const idOf = (answer: { body: Bundle }, index: number): string =>
  answer.body.entry?.[index]?.response?.location?.split('/').at(-3) ?? ''

const get = (path: string) => app.request.get(`/fhir/${path}`)
const found = async (value: string): Promise<number> =>
  ((await get(`Patient?identifier=${system}|${value}`)).body.entry ?? []).length

test('a document that is stored keeps what it holds itself, wherever it stands', async () => {
  const fullUrl = 'http://elsewhere.example/fhir/Patient/77'
  const own = 'urn:uuid:0b5a1c9e-1f5d-4c3e-9a58-5d5f3c0e7a52'
  const document = {
    resourceType: 'Bundle',
    type: 'collection',
    entry: [own, 'Patient/77'].flatMap((reference, n) => [
      {
        fullUrl: `http://elsewhere.example/fhir/Observation/${n}`,
        resource: {
          resourceType: 'Observation',
          status: 'final',
          code: { text: 'x' },
          subject: { reference },
        },
      },
      { fullUrl: [own, fullUrl][n], resource: { resourceType: 'Patient', id: `${n}` } },
    ]),
  }
  const held = { resourceType: 'Basic', code: { text: 'x' }, contained: [{ ...document, id: 'd' }] }
  const answer = await send([
    entry('POST', 'Patient', patient(newValue()), { fullUrl: own }),
    entry('POST', 'Patient', patient(newValue()), { fullUrl }),
    entry('POST', 'Bundle', document, { fullUrl: 'http://elsewhere.example/fhir/Bundle/1' }),
    entry('POST', 'Basic', held),
  ])
  expect(answer.status).toBe(200)
  const { body: bundle } = await get(`Bundle/${idOf(answer, 2)}`)
  expect(bundle.entry).toEqual(document.entry)
  const { body: basic } = await get(`Basic/${idOf(answer, 3)}`)
  expect(basic.contained).toEqual(held.contained)
})

describe('transaction', () => {
  test('answers a transaction-response with one outcome an entry, in the order of the entries', async () => {
    const value = newValue()
    const answer = await send([
      entry('GET', `Patient?identifier=${system}|${value}`),
      entry('POST', 'Patient', patient(value)),
      entry('PUT', 'Patient/tx-put', patient(newValue(), { id: 'tx-put' })),
      entry('DELETE', 'Patient/never-was'),
    ])
    expect(answer.status).toBe(200)
    expect(answer.body.type).toBe('transaction-response')
    expect(answer.body.entry.map((e: BundleEntry) => e.response?.status.slice(0, 3))).toEqual([
      '200',
      '201',
      '201',
      '204',
    ])
    expect(answer.body.entry[1].response).toMatchObject({
      etag: 'W/"1"',
      location: expect.stringMatching(/\/Patient\/[^/]+\/_history\/1$/),
      lastModified: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    })
    // Reads come last: they see what the transaction wrote.
    expect(answer.body.entry[0].resource.entry).toHaveLength(1)
  })

  test('one refused entry leaves nothing of the others', async () => {
    const value = newValue()
    const answer = await send([
      entry('POST', 'Patient', patient(value)),
      entry('POST', 'Patient', { resourceType: 'Patient', wings: 2 }),
    ])
    expect(answer.status).toBe(422)
    expect(answer.body.issue[0].expression[0]).toMatch(/^Bundle\.entry\[1\]\.resource/)
    expect(await found(value)).toBe(0)
  })

  test('a stale If-Match in one entry answers 412 and leaves nothing of the others', async () => {
    const value = newValue()
    await app.request
      .put('/fhir/Patient/tx-stale')
      .set('Content-Type', 'application/fhir+json')
      .send(JSON.stringify(patient(newValue(), { id: 'tx-stale' })))
    const answer = await send([
      entry('POST', 'Patient', patient(value)),
      entry('PUT', 'Patient/tx-stale', patient(newValue(), { id: 'tx-stale' }), {
        request: { ifMatch: 'W/"7"' },
      }),
    ])
    expect(answer.status).toBe(412)
    expect(await found(value)).toBe(0)
  })

  test('a urn:uuid is rewritten in references, narrative links and extensions', async () => {
    const urn = 'urn:uuid:1f1d1c4e-6f3a-4a5e-9d3e-3a3f6b1f2c13'
    const answer = await send([
      entry('POST', 'Observation', {
        resourceType: 'Observation',
        status: 'final',
        code: { text: 'Haemoglobin' },
        subject: { reference: urn },
        text: {
          status: 'generated',
          div: `<div xmlns="http://www.w3.org/1999/xhtml"><a href="${urn}">patient</a></div>`,
        },
        extension: [{ url: 'http://example.org/of', valueUri: urn }],
      }),
      entry('POST', 'Patient', patient(newValue()), { fullUrl: urn }),
    ])
    expect(answer.status).toBe(200)
    const target = `Patient/${idOf(answer, 1)}`
    const { body } = await get(`Observation/${idOf(answer, 0)}`)
    expect(body.subject.reference).toBe(target)
    expect(body.text.div).toContain(`href="${target}"`)
    expect(body.extension[0].valueUri).toBe(target)
  })

  test('a relative reference means an entry only from a fullUrl on the same server', async () => {
    const answer = await send([
      entry('POST', 'Patient', patient(newValue()), {
        fullUrl: 'http://other.example.org/fhir/Patient/77',
      }),
      entry(
        'POST',
        'Observation',
        {
          resourceType: 'Observation',
          status: 'final',
          code: { text: 'x' },
          subject: { reference: 'Patient/77' },
        },
        { fullUrl: 'http://other.example.org/fhir/Observation/1' },
      ),
      entry('POST', 'Observation', {
        resourceType: 'Observation',
        status: 'final',
        code: { text: 'y' },
        subject: { reference: 'Patient/77' },
      }),
    ])
    expect(answer.status).toBe(200)
    const subjects = await Promise.all(
      [1, 2].map(async n => (await get(`Observation/${idOf(answer, n)}`)).body.subject.reference),
    )
    expect(subjects).toEqual([`Patient/${idOf(answer, 0)}`, 'Patient/77'])
  })

  test('a urn:uuid that nothing in the Bundle resolves answers 422 and names the reference', async () => {
    const answer = await send([
      entry('POST', 'Observation', {
        resourceType: 'Observation',
        status: 'final',
        code: { text: 'x' },
        subject: { reference: 'urn:uuid:00000000-0000-4000-8000-000000000000' },
      }),
    ])
    expect(answer.status).toBe(422)
    expect(answer.body.issue[0].expression[0]).toBe('Bundle.entry[0].resource.subject')
  })

  test('a conditional reference becomes the one resource it finds', async () => {
    const value = newValue()
    const first = await send([entry('POST', 'Patient', patient(value))])
    const answer = await send([
      entry('POST', 'Observation', {
        resourceType: 'Observation',
        status: 'final',
        code: { text: 'x' },
        subject: { reference: `Patient?identifier=${system}|${value}` },
      }),
    ])
    expect(answer.status).toBe(200)
    const { body } = await get(`Observation/${idOf(answer, 0)}`)
    expect(body.subject.reference).toBe(`Patient/${idOf(first, 0)}`)
  })

  test.each([
    ['nothing', 0, 'not-found'],
    ['two resources', 2, 'multiple-matches'],
  ])('a conditional reference that finds %s fails the whole', async (_, count, code) => {
    const value = newValue()
    for (let n = 0; n < count; n++) await send([entry('POST', 'Patient', patient(value))])
    const answer = await send([
      entry('POST', 'Observation', {
        resourceType: 'Observation',
        status: 'final',
        code: { text: 'x' },
        subject: { reference: `Patient?identifier=${system}|${value}` },
      }),
    ])
    expect(answer.status).toBe(422)
    expect(answer.body.issue[0].code).toBe(code)
  })

  test('a conditional create finds what is there, and other entries refer to it', async () => {
    const value = newValue()
    const first = await send([entry('POST', 'Patient', patient(value))])
    const urn = 'urn:uuid:2f1d1c4e-6f3a-4a5e-9d3e-3a3f6b1f2c14'
    const answer = await send([
      entry('POST', 'Patient', patient(value), {
        fullUrl: urn,
        request: { ifNoneExist: `identifier=${system}|${value}` },
      }),
      entry('POST', 'Observation', {
        resourceType: 'Observation',
        status: 'final',
        code: { text: 'x' },
        subject: { reference: urn },
      }),
    ])
    expect(answer.body.entry[0].response.status).toMatch(/^200/)
    const { body } = await get(`Observation/${idOf(answer, 1)}`)
    expect(body.subject.reference).toBe(`Patient/${idOf(first, 0)}`)
  })

  test.each<[string, () => BundleEntry[]]>([
    [
      'the same resource twice',
      () => [
        entry('PUT', 'Patient/twice', patient(newValue(), { id: 'twice' })),
        entry('DELETE', 'Patient/twice'),
      ],
    ],
    [
      'the same conditional create twice',
      () =>
        [1, 2].map(() =>
          entry('POST', 'Patient', patient('twin'), {
            request: { ifNoneExist: `identifier=${system}|twin` },
          }),
        ),
    ],
    [
      'the same fullUrl twice',
      () =>
        [1, 2].map(() =>
          entry('POST', 'Patient', patient(newValue()), {
            fullUrl: 'urn:uuid:3f1d1c4e-6f3a-4a5e-9d3e-3a3f6b1f2c15',
          }),
        ),
    ],
  ])('%s in one transaction answers 400 and names an entry', async (_, entries) => {
    const answer = await send(entries())
    expect(answer.status).toBe(400)
    expect(answer.body.issue[0].expression[0]).toMatch(/^Bundle\.entry\[1\]/)
    expect((await get('Patient/twice')).status).toBe(404)
  })

  test('deletes come first: what they take no longer answers a conditional create', async () => {
    const value = newValue()
    const first = await send([entry('POST', 'Patient', patient(value))])
    const answer = await send([
      entry('POST', 'Patient', patient(value), {
        request: { ifNoneExist: `identifier=${system}|${value}` },
      }),
      entry('DELETE', `Patient/${idOf(first, 0)}`),
    ])
    expect(answer.body.entry.map((e: BundleEntry) => e.response?.status.slice(0, 3))).toEqual([
      '201',
      '204',
    ])
    expect(await found(value)).toBe(1)
  })

  test('a patch entry takes FHIRPath Patch, and JSON Patch in a Binary', async () => {
    const first = await send([entry('POST', 'Patient', patient(newValue()))])
    const id = idOf(first, 0)
    const parameters = {
      resourceType: 'Parameters',
      parameter: [
        {
          name: 'operation',
          part: [
            { name: 'type', valueCode: 'add' },
            { name: 'path', valueString: 'Patient' },
            { name: 'name', valueString: 'birthDate' },
            { name: 'value', valueDate: '1980-02-03' },
          ],
        },
      ],
    }
    expect((await send([entry('PATCH', `Patient/${id}`, parameters)])).status).toBe(200)
    const binary = {
      resourceType: 'Binary',
      contentType: 'application/json-patch+json',
      data: Buffer.from('[{"op":"add","path":"/active","value":true}]').toString('base64'),
    }
    expect((await send([entry('PATCH', `Patient/${id}`, binary)])).status).toBe(200)
    const { body } = await get(`Patient/${id}`)
    expect(body).toMatchObject({ birthDate: '1980-02-03', active: true })
    expect(body.meta.versionId).toBe('3')
  })

  test.each<[string, Buffer | string]>([
    [
      'is not valid UTF-8',
      Buffer.from('[{"op":"add","path":"/language","value":"\xff"}]', 'latin1'),
    ],
    ['is not base64', '[{"op":"add"}]'],
    [
      'is cut off in base64',
      Buffer.from('[{"op":"add","path":"/active","value":true}] ').toString('base64').slice(0, -1),
    ],
    ['is empty', ''],
  ])('a patch in a Binary that %s answers 400', async (_, data) => {
    const id = idOf(await send([entry('POST', 'Patient', patient(newValue()))]), 0)
    const binary = {
      resourceType: 'Binary',
      contentType: 'application/json-patch+json',
      data: typeof data === 'string' ? data : data.toString('base64'),
    }
    expect((await send([entry('PATCH', `Patient/${id}`, binary)])).status).toBe(400)
    expect((await get(`Patient/${id}`)).body.meta.versionId).toBe('1')
  })

  test('3,500 entries are written in one transaction', async () => {
    const entries = Array.from({ length: 3500 }, () =>
      entry('POST', 'Observation', {
        resourceType: 'Observation',
        status: 'final',
        code: { text: 'many' },
        subject: { reference: 'urn:uuid:4f1d1c4e-6f3a-4a5e-9d3e-3a3f6b1f2c16' },
      }),
    )
    entries.push(
      entry('POST', 'Patient', patient(newValue()), {
        fullUrl: 'urn:uuid:4f1d1c4e-6f3a-4a5e-9d3e-3a3f6b1f2c16',
      }),
    )
    const answer = await send(entries)
    expect(answer.status).toBe(200)
    expect(answer.body.entry).toHaveLength(3501)
  })

  test('Prefer: return=representation puts what was written into the answer', async () => {
    const answer = await send([entry('POST', 'Patient', patient(newValue()))], 'transaction', {
      Prefer: 'return=representation',
    })
    expect(answer.body.entry[0].resource.resourceType).toBe('Patient')
    const minimal = await send([entry('POST', 'Patient', patient(newValue()))])
    expect(minimal.body.entry[0].resource).toBeUndefined()
  })

  test('decimals keep their digits through a transaction', async () => {
    const answer = await app.request
      .post('/fhir')
      .set('Content-Type', 'application/fhir+json')
      .send(
        '{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.00}},"request":{"method":"POST","url":"Observation"}}]}',
      )
    const { text } = await get(`Observation/${idOf(answer, 0)}`).buffer(true)
    expect(text).toContain('"value":1.00')
  })
})

describe('batch', () => {
  test('each entry has its own outcome, and a failure leaves the others alone', async () => {
    const value = newValue()
    const answer = await send(
      [
        entry('POST', 'Patient', patient(value)),
        entry('GET', 'Patient/never-was'),
        entry('POST', 'Patient', { resourceType: 'Patient', wings: 2 }),
        entry('PUT', 'Patient/other', patient(newValue(), { id: 'else' })),
        entry('GET', 'metadata'),
      ],
      'batch',
    )
    expect(answer.status).toBe(200)
    expect(answer.body.type).toBe('batch-response')
    expect(answer.body.entry.map((e: BundleEntry) => e.response?.status.slice(0, 3))).toEqual([
      '201',
      '404',
      '422',
      '400',
      '200',
    ])
    expect(answer.body.entry[2].response.outcome.resourceType).toBe('OperationOutcome')
    expect(await found(value)).toBe(1)
  })

  test('a urn:uuid means nothing between the entries of a batch', async () => {
    const urn = 'urn:uuid:5f1d1c4e-6f3a-4a5e-9d3e-3a3f6b1f2c17'
    const answer = await send(
      [
        entry('POST', 'Patient', patient(newValue()), { fullUrl: urn }),
        entry('POST', 'Observation', {
          resourceType: 'Observation',
          status: 'final',
          code: { text: 'x' },
          subject: { reference: urn },
        }),
      ],
      'batch',
    )
    expect(answer.body.entry.map((e: BundleEntry) => e.response?.status.slice(0, 3))).toEqual([
      '201',
      '422',
    ])
  })
})

describe('a Bundle that cannot be run', () => {
  test.each<[string, unknown, number, RegExp]>([
    ['no Bundle', { resourceType: 'Patient' }, 400, /Bundle/],
    ['no type', { resourceType: 'Bundle', entry: [] }, 400, /type/],
    ['another type', { resourceType: 'Bundle', type: 'collection' }, 400, /batch/],
    [
      'an entry without request',
      { resourceType: 'Bundle', type: 'transaction', entry: [{}] },
      400,
      /request/,
    ],
    [
      'an entry with an absolute url elsewhere',
      {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [{ request: { method: 'GET', url: 'http://elsewhere.example.org/Patient' } }],
      },
      400,
      /relative/,
    ],
    [
      'a Bundle inside a Bundle',
      {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [{ request: { method: 'POST', url: '/' }, resource: { resourceType: 'Bundle' } }],
      },
      400,
      /Bundle/,
    ],
  ])('%s answers %#', async (_, body, status, text) => {
    const answer = await app.request
      .post('/fhir')
      .set('Content-Type', 'application/fhir+json')
      .send(JSON.stringify(body))
    expect(answer.status).toBe(status)
    expect(answer.body.issue[0].diagnostics).toMatch(text)
  })

  test('an empty transaction answers an empty response', async () => {
    const answer = await send([])
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({ resourceType: 'Bundle', type: 'transaction-response' })
  })
})

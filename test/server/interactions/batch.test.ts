import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type App, startApp } from '../../support/app.ts'
import { mrn, numbered, observation, patient, put, type Sent, send } from '../../support/make.ts'

let app: App
beforeAll(async () => {
  app = await startApp({ MAX_BUNDLE_ENTRIES: '50' })
  await put(app, patient({ id: 'a', active: true }))
})
afterAll(() => app.close())

const request = (method: string, url: string, more: object = {}) => ({
  request: { method, url, ...more },
})
const run = (type: string, entry: unknown[], sent: Sent = {}) =>
  send(app, ['POST', ''], { resourceType: 'Bundle', type, entry }, sent)
const statuses = (body: { entry: { response: { status: string } }[] }) =>
  body.entry.map(({ response }) => response.status)

describe('each interaction in a batch', () => {
  test('is answered as it would be alone', async () => {
    const json = Buffer.from(JSON.stringify([{ op: 'add', path: '/gender', value: 'other' }]))
    const { status, body } = await run('batch', [
      request('GET', 'Patient/a'),
      request('HEAD', 'Patient/a'),
      request('GET', 'Patient/a/_history/1'),
      request('GET', 'Patient/a/_history'),
      request('GET', `Patient?identifier=${mrn}|none`),
      request('GET', 'metadata?_elements=status'),
      { ...request('POST', 'Patient'), resource: numbered('batch') },
      { ...request('PUT', 'Patient/put'), resource: patient({ id: 'put' }) },
      {
        ...request('PATCH', 'Patient/a'),
        resource: {
          resourceType: 'Binary',
          contentType: 'application/json-patch+json',
          data: json.toString('base64'),
        },
      },
      request('DELETE', 'Observation/none'),
    ])
    expect([status, body.type]).toEqual([200, 'batch-response'])
    expect(statuses(body)).toEqual([
      ...Array(6).fill('200 OK'),
      '201 Created',
      '201 Created',
      '200 OK',
      '204 No Content',
    ])
    const [read, , vread, history, search, metadata, created] = body.entry
    expect(read.resource).toMatchObject({ resourceType: 'Patient', id: 'a' })
    expect(vread.resource.meta.versionId).toBe('1')
    expect(history.resource.type).toBe('history')
    expect(search.resource).toMatchObject({ type: 'searchset', total: 0 })
    expect(metadata.resource.resourceType).toBe('CapabilityStatement')
    expect(created.resource).toBeUndefined()
    expect(created.response).toMatchObject({
      location: expect.stringMatching(/\/fhir\/Patient\/[^/]+\/_history\/1$/),
      etag: 'W/"1"',
      lastModified: expect.stringMatching(/Z$/),
    })
  })

  test('of an update tells which resource was written, also where a search named it', async () => {
    await put(app, numbered('placed', { id: 'placed' }))
    const criteria = `Patient?identifier=${mrn}|placed`
    const patched = { contentType: 'application/merge-patch+json', data: 'eyJhY3RpdmUiOnRydWV9' }
    for (const type of ['batch', 'transaction']) {
      const { body } = await run(type, [
        { ...request('PUT', criteria), resource: numbered('placed', { language: type }) },
        {
          ...request('PATCH', 'Patient/a'),
          resource: { resourceType: 'Binary', ...patched },
        },
      ])
      expect(statuses(body)).toEqual(['200 OK', '200 OK'])
      const [updated, kept] = body.entry
      const number = type === 'batch' ? 2 : 3
      expect(updated.response.location).toBe(`${app.url}/fhir/Patient/placed/_history/${number}`)
      expect(kept.response.location).toMatch(/\/fhir\/Patient\/a\/_history\/\d+$/)
    }
  })

  test('by HEAD answers without the resource', async () => {
    const head = [request('HEAD', 'Patient/a'), request('HEAD', 'Patient')]
    for (const type of ['batch', 'transaction']) {
      const { body } = await run(type, head)
      expect(statuses(body)).toEqual(['200 OK', '200 OK'])
      expect(body.entry.map((entry: any) => entry.resource)).toEqual([undefined, undefined])
      expect(body.entry[0].response.etag).toMatch(/^W/)
    }
  })

  test('that fails has its status and outcome, and leaves the others alone', async () => {
    const { status, body } = await run('batch', [
      request('GET', 'Patient/never'),
      request('GET', 'Paitent/a'),
      { ...request('PUT', 'Patient/x'), resource: patient({ id: 'y' }) },
      { ...request('POST', 'Patient'), resource: patient({ wings: 2 }) },
      { ...request('POST', ''), url: '/' },
      request('DELETE', 'metadata'),
      request('GET', 'Patient/a'),
    ])
    expect(status).toBe(200)
    expect(body.entry.map((entry: any) => entry.response.outcome?.resourceType)).toEqual([
      ...Array(6).fill('OperationOutcome'),
      undefined,
    ])
    expect(statuses(body).map(text => text.slice(0, 3))).toEqual(
      '404 404 400 422 400 405 200'.split(' '),
    )
  })

  test('takes its conditions from its request', async () => {
    const entry = (more: object) => ({
      ...request('PUT', 'Patient/cond', more),
      resource: patient({ id: 'cond', active: false }),
    })
    await put(app, patient({ id: 'cond' }))
    const create = {
      ...request('POST', 'Patient', { ifNoneExist: `identifier=${mrn}|once` }),
      resource: numbered('once'),
    }
    const { body } = await run('batch', [
      entry({ ifMatch: 'W/"7"' }),
      entry({ ifNoneMatch: '*' }),
      request('GET', 'Patient/cond', { ifNoneMatch: 'W/"1"' }),
      request('GET', 'Patient/cond', { ifModifiedSince: '2100-01-01T00:00:00Z' }),
      request('GET', 'Patient/cond', { ifModifiedSince: '2000-01-01T00:00:00Z' }),
      create,
      create,
    ])
    const found = statuses(body)
    expect(found.slice(0, 5)).toEqual([
      '412 Precondition Failed',
      '412 Precondition Failed',
      '304 Not Modified',
      '304 Not Modified',
      '200 OK',
    ])
    expect(found.slice(5).sort()).toEqual(['200 OK', '201 Created'])
    expect(body.entry[2].resource).toBeUndefined()
  })

  test('with criteria that are not percent-encoded UTF-8 answers 400 and stores nothing', async () => {
    const { body } = await run('batch', [
      { ...request('PUT', 'Patient?identifier=%DC1'), resource: numbered('u1') },
      { ...request('POST', 'Patient', { ifNoneExist: 'identifier=%DC1' }), resource: patient() },
    ])
    expect(statuses(body)).toEqual(['400 Bad Request', '400 Bad Request'])
  })

  test('with a date that is none answers 400', async () => {
    const dated = request('GET', 'Patient/a', { ifModifiedSince: 'yesterday' })
    const { body } = await run('batch', [dated, request('GET', 'Patient/a')])
    expect(statuses(body)).toEqual(['400 Bad Request', '200 OK'])
    expect(body.entry[0].response.outcome.issue[0].expression).toEqual([
      'Bundle.entry[0].request.ifModifiedSince',
    ])
  })

  test.each(['batch', 'transaction'])(
    'that is not there: an empty %s answers no empty array',
    async type => {
      const { status, body } = await run(type, [])
      expect([status, body]).toEqual([200, { resourceType: 'Bundle', type: `${type}-response` }])
    },
  )

  test('by POST _search takes its parameters in the url', async () => {
    const { body } = await run('batch', [request('POST', 'Patient/_search?_id=a')])
    expect([statuses(body), body.entry[0].resource.total]).toEqual([['200 OK'], 1])
  })

  test('by DELETE may tell what it deletes', async () => {
    for (const type of ['batch', 'transaction']) {
      await put(app, patient({ id: 'told' }))
      const entry = { ...request('DELETE', 'Patient/told'), resource: patient({ id: 'told' }) }
      expect(statuses((await run(type, [entry])).body)).toEqual(['204 No Content'])
    }
  })

  test('may name this server in its url, and no other', async () => {
    const { body } = await run('batch', [
      request('GET', `${app.url}/fhir/Patient/a`),
      request('GET', '/Patient/a'),
    ])
    expect(statuses(body)).toEqual(['200 OK', '200 OK'])
    const elsewhere = await run('batch', [request('GET', 'http://elsewhere.example.org/Patient/a')])
    const [{ response }] = elsewhere.body.entry
    expect([response.status, response.outcome.issue[0].expression]).toEqual([
      '400 Bad Request',
      ['Bundle.entry[0].request.url'],
    ])
  })
})

describe('Prefer of a Bundle', () => {
  const entry = () => [{ ...request('POST', 'Observation'), resource: observation() }]

  test.each(['batch', 'transaction'])('holds for the entries of a %s', async type => {
    const asked = async (Prefer: string) =>
      (await run(type, entry(), { headers: { Prefer } })).body.entry[0]
    expect((await asked('return=representation')).resource.resourceType).toBe('Observation')
    expect((await asked('return=minimal')).resource).toBeUndefined()
    const told = await asked('return=OperationOutcome')
    expect(told.resource).toBeUndefined()
    expect(told.response.outcome).toMatchObject({
      resourceType: 'OperationOutcome',
      issue: [{ severity: 'information' }],
    })
  })

  test('return=minimal leaves what an entry reads in the answer', async () => {
    const headers = { Prefer: 'return=minimal' }
    const { body } = await run('batch', [request('GET', 'Patient/a')], { headers })
    expect(body.entry[0].resource.id).toBe('a')
  })

  test('handling=lenient holds for a search in it', async () => {
    const search = [request('GET', 'Patient?wings=2')]
    const strict = await run('batch', search)
    expect(statuses(strict.body)).toEqual(['400 Bad Request'])
    const lenient = await run('batch', search, { headers: { Prefer: 'handling=lenient' } })
    expect(statuses(lenient.body)).toEqual(['200 OK'])
  })
})

describe('a Bundle that is malformed', () => {
  test.each<[string, unknown, string]>([
    ['no request', { resource: patient() }, 'Bundle.entry[0].request'],
    ['no object', 7, 'Bundle.entry[0]'],
    ['a method that is none', request('COPY', 'Patient'), 'Bundle.entry[0].request.method'],
    ['no url', { request: { method: 'GET' } }, 'Bundle.entry[0].request.url'],
    ['a url badly encoded', request('GET', 'Patient/%zz'), 'Bundle.entry[0].request.url'],
    ['a fullUrl that is none', { ...request('GET', 'x'), fullUrl: 7 }, 'Bundle.entry[0].fullUrl'],
    ['no resource to put', request('PUT', 'Patient/1'), 'Bundle.entry[0].resource'],
    [
      'a resource to get',
      { ...request('GET', 'Patient?active=true'), resource: patient() },
      'Bundle.entry[0].resource',
    ],
    [
      'a resource to look at',
      { ...request('HEAD', 'Patient/a'), resource: { resourceType: 'Parameters' } },
      'Bundle.entry[0].resource',
    ],
    ...['Patient/_search', '_search', 'Patient/a/Observation/_search?'].map(
      (url): [string, unknown, string] => [
        `a resource for POST ${url}`,
        { ...request('POST', url), resource: { resourceType: 'Parameters' } },
        'Bundle.entry[0].resource',
      ],
    ),
    [
      'a condition that is no text',
      request('GET', 'Patient/1', { ifNoneMatch: 7 }),
      'Bundle.entry[0].request.ifNoneMatch',
    ],
    [
      'a condition that is misspelt',
      { ...request('PUT', 'Patient/a', { ifmatch: 'W/"0"' }), resource: patient({ id: 'a' }) },
      'Bundle.entry[0].request',
    ],
    [
      'a resource that is misspelt',
      { ...request('GET', 'Patient/a'), resoruce: patient() },
      'Bundle.entry[0]',
    ],
  ])(
    'an entry with %s is named: alone in a batch, with all in a transaction',
    async (_, entry, expression) => {
      const whole = await run('transaction', [request('GET', 'Patient/a'), entry])
      const second = expression.replace('[0]', '[1]')
      expect([whole.status, whole.body.issue[0].expression]).toEqual([400, [second]])
      const { status, body } = await run('batch', [entry, request('GET', 'Patient/a')])
      expect([status, statuses(body)]).toEqual([200, ['400 Bad Request', '200 OK']])
      expect(body.entry[0].response.outcome.issue[0].expression).toEqual([expression])
    },
  )

  test('more entries than MAX_BUNDLE_ENTRIES answer 413', async () => {
    const entries = (count: number) =>
      Array.from({ length: count }, () => request('GET', 'Patient/a'))
    expect((await run('batch', entries(50))).status).toBe(200)
    const { status, body } = await run('batch', entries(51))
    expect([status, body.issue[0].code]).toEqual([413, 'too-long'])
  })

  test.each([
    ['searchset', { resourceType: 'Bundle', type: 'searchset' }],
    ['a Patient', patient()],
    ['nothing', undefined],
    ['entries that are no list', { resourceType: 'Bundle', type: 'batch', entry: {} }],
    ['entries that are misspelt', { resourceType: 'Bundle', type: 'batch', entries: [] }],
  ])('%s posted to the base answers 400', async (_, body) => {
    expect((await send(app, ['POST', ''], body)).status).toBe(400)
  })
})

describe('entries of a transaction', () => {
  test.each<[string, unknown, number]>([
    ['an unknown type', request('DELETE', 'Paitent/1'), 404],
    ['a delete of several', request('DELETE', 'Patient?active=true&_count=5'), 422],
    ['a create with an id', { ...request('POST', 'Patient/1'), resource: patient() }, 400],
    [
      'an update of a version',
      { ...request('PUT', 'Patient/1/_history/1'), resource: patient() },
      400,
    ],
    ['a Bundle', { ...request('POST', '/'), resource: patient() }, 400],
    ['an id that is none', { ...request('PUT', 'Patient/a_b'), resource: patient() }, 400],
  ])('%s answers %3$i and writes nothing', async (_, entry, status) => {
    const first = { ...request('PUT', 'Patient/nothing'), resource: patient({ id: 'nothing' }) }
    const answer = await run('transaction', [first, entry])
    expect(answer.status).toBe(status)
    expect((await app.request.get('/fhir/Patient/nothing')).status).toBe(404)
  })

  test('reads in it see what it writes', async () => {
    const { body } = await run('transaction', [
      request('GET', 'Patient/seen'),
      { ...request('PUT', 'Patient/seen'), resource: patient({ id: 'seen' }) },
      request('GET', 'Patient/never'),
    ])
    expect(statuses(body)).toEqual(['200 OK', '201 Created', '404 Not Found'])
    expect(body.entry[0].resource.id).toBe('seen')
  })
})

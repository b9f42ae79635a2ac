/** Requests nobody should send: made by fast-check, so that a seed gives the same ones again. */
import fc from 'fast-check'
import { examples, readExample } from './examples.ts'
import { junk, mutate, printed, steps } from './mutate.ts'

export interface Shot {
  method: string
  path: string
  headers: Record<string, string>
  body?: Buffer
}

/** Types that are shot at; what must survive is of another. */
const types = [
  'Patient',
  'Observation',
  'Bundle',
  'Questionnaire',
  'Group',
  'ValueSet',
  'Medication',
]

const whole: Record<string, unknown>[] = examples
  .filter((_, index) => index % 12 === 0)
  .map(file => readExample(file))
  .filter(text => text.length < 6000)
  .map(text => JSON.parse(text))
  .map(resource => ({ ...resource, text: undefined }))
  .filter(({ resourceType }) => resourceType !== 'Basic')

const resource = fc
  .tuple(fc.constantFrom(...whole), steps)
  .map(([given, changes]) => [given, mutate(given, changes)] as const)

/** Patients that patches are for. */
export const patientIds = ['1', '2', 'a-b.c', 'x'.repeat(64)]
const id = fc.constantFrom(...patientIds)
const json = { 'Content-Type': 'application/fhir+json' }

const mutated: fc.Arbitrary<Shot> = fc
  .tuple(resource, fc.boolean(), id)
  .map(([[given, changed], create, name]) => {
    const { resourceType } = given
    const { id: own = name } = (changed ?? {}) as { id?: unknown }
    const target = typeof own === 'string' && /^[\w.-]+$/.test(own) ? own : name
    return {
      method: create ? 'POST' : 'PUT',
      path: create ? `/fhir/${resourceType}` : `/fhir/${resourceType}/${target}`,
      headers: json,
      body: Buffer.from(printed(changed)),
    }
  })

const broken: fc.Arbitrary<Shot> = fc
  .record({
    given: fc.constantFrom(...whole),
    at: fc.nat(4000),
    take: fc.nat(5),
    bytes: fc.oneof(
      fc.uint8Array({ maxLength: 4 }),
      fc
        .constantFrom(
          '"',
          '{',
          '}',
          '[',
          ']',
          ',',
          ':',
          '\\',
          '\\u',
          '\\ud800',
          '1e9999',
          '-',
          '//',
          '\ufeff',
          '\u0000',
        )
        .map(text => Buffer.from(text)),
    ),
    headers: fc.constantFrom<Record<string, string>>(
      json,
      {},
      { 'Content-Type': 'application/fhir+json; charset=utf-16' },
      { 'Content-Type': 'application/fhir+xml' },
      { 'Content-Type': ';;;=' },
      { ...json, 'Content-Encoding': 'gzip' },
      { ...json, 'Content-Encoding': 'br' },
      { ...json, 'Content-Encoding': 'zip' },
      { 'Content-Type': 'application/x-www-form-urlencoded' },
      { 'Content-Type': 'multipart/form-data; boundary=x' },
    ),
    encoding: fc.constantFrom<BufferEncoding>(
      'utf8',
      'utf8',
      'utf8',
      'utf16le',
      'latin1',
      'base64',
    ),
    path: fc.constantFrom(
      '',
      '/Patient',
      '/Observation',
      '/Patient/1',
      '/Patient/_search',
      '/Bundle/1',
    ),
  })
  .map(({ given, at, take, bytes, headers, encoding, path }) => {
    const text = Buffer.from(JSON.stringify(given), encoding === 'base64' ? 'utf8' : encoding)
    const cut = at % (text.length + 1)
    return {
      method: /\/1$/.test(path) ? 'PUT' : 'POST',
      path: `/fhir${path}`,
      headers,
      body: Buffer.concat([text.subarray(0, cut), bytes, text.subarray(cut + take)]),
    }
  })

const urn = 'urn:uuid:c757873d-ec9a-4326-a141-556f43239520'
const bundles = [
  {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      {
        fullUrl: urn,
        resource: { resourceType: 'Patient', identifier: [{ system: 'x', value: 'y' }] },
        request: { method: 'POST', url: 'Patient', ifNoneExist: 'identifier=x|y' },
      },
      {
        resource: {
          resourceType: 'Observation',
          status: 'final',
          code: { text: 'x' },
          subject: { reference: urn },
          performer: [{ reference: 'Practitioner?identifier=x|z' }],
        },
        request: { method: 'POST', url: 'Observation' },
      },
      { request: { method: 'GET', url: 'Patient?identifier=x|y' } },
      { request: { method: 'DELETE', url: 'Group/1' } },
    ],
  },
  {
    resourceType: 'Bundle',
    type: 'batch',
    entry: [
      { request: { method: 'GET', url: 'Patient/1', ifNoneMatch: 'W/"1"' } },
      {
        resource: { resourceType: 'Group', id: '1', type: 'person', actual: true },
        request: { method: 'PUT', url: 'Group/1', ifMatch: 'W/"1"' },
      },
      {
        resource: {
          resourceType: 'Binary',
          contentType: 'application/json-patch+json',
          data: 'W10=',
        },
        request: { method: 'PATCH', url: 'Group/1' },
      },
      { request: { method: 'GET', url: 'metadata' } },
      { request: { method: 'GET', url: '_history?_count=2' } },
      { request: { method: 'GET', url: 'Observation?code=x&date=ge2024&_sort=-date' } },
    ],
  },
]

const bundle: fc.Arbitrary<Shot> = fc
  .tuple(fc.constantFrom(...bundles), steps)
  .map(([given, changes]) => ({
    method: 'POST',
    path: '/fhir',
    headers: json,
    body: Buffer.from(printed(mutate(given, changes))),
  }))

const part = (name: string, value: object) => ({ name, ...value })
const patches: [string, unknown][] = [
  [
    'application/json-patch+json',
    [
      { op: 'add', path: '/active', value: true },
      { op: 'test', path: '/name/0/family', value: 'x' },
      { op: 'move', from: '/name/0', path: '/name/1' },
      { op: 'copy', from: '/name', path: '/contact' },
      { op: 'remove', path: '/id' },
    ],
  ],
  [
    'application/json-patch+json',
    [
      { op: 'test', path: '/resourceType', value: 'Patient' },
      { op: 'replace', path: '/name/0/given/0', value: 'y' },
      { op: 'copy', from: '/name/0', path: '/name/-' },
    ],
  ],
  ['application/merge-patch+json', { active: null, name: [{ family: 'x' }], meta: { tag: [] } }],
  [
    'application/fhir+json',
    {
      resourceType: 'Parameters',
      parameter: ['add', 'replace', 'insert', 'move', 'delete'].map(type => ({
        name: 'operation',
        part: [
          part('type', { valueCode: type }),
          part('path', {
            valueString:
              type === 'add' ? 'Patient.name[0]' : "Patient.name.where(use = 'usual').given[0]",
          }),
          part('name', { valueString: 'given' }),
          part('value', { valueString: 'x' }),
          part('index', { valueInteger: 0 }),
          part('source', { valueInteger: 0 }),
          part('destination', { valueInteger: 0 }),
        ],
      })),
    },
  ],
]

const patch: fc.Arbitrary<Shot> = fc
  .tuple(fc.constantFrom(...patches), steps, id)
  .map(([[type, given], changes, name]) => ({
    method: 'PATCH',
    path: `/fhir/Patient/${name}`,
    headers: { 'Content-Type': type },
    body: Buffer.from(printed(mutate(given, changes))),
  }))

const word = fc.oneof(
  fc.constantFrom(
    ...types,
    '1',
    '_history',
    '_search',
    'metadata',
    '$everything',
    '$validate',
    '*',
    '..',
    '.',
    '',
    '%00',
    '%ff',
    '%E0%A4%A',
    '%2F',
    '%24x',
    '__proto__',
    'constructor',
    'x'.repeat(65),
    'fhir',
    'health',
    'metrics',
    '999999999999999999999',
    '-1',
    '0',
  ),
  fc.string({ maxLength: 8 }).map(encodeURIComponent),
)

const parameter = fc
  .oneof(
    fc.tuple(
      fc.constantFrom(
        '_id',
        '_lastUpdated',
        '_count',
        '_sort',
        '_page',
        '_summary',
        '_elements',
        '_total',
        '_since',
        '_at',
        '_format',
        '_pretty',
        '_has:Observation:patient:code',
        'identifier',
        'name',
        'family:exact',
        'birthdate',
        'gender:not',
        'date',
        'code',
        'subject',
        'subject:Patient',
        'subject.name',
        'value-quantity',
        'code-value-quantity',
        'url',
        '__proto__',
        'constructor',
        ':',
        '.',
      ),
      fc.oneof(
        fc.constantFrom(
          '',
          '0',
          '-1',
          '1',
          '1000000',
          'x',
          '|',
          '||',
          'a|b|c',
          '$',
          'a$b',
          ',',
          ',,',
          '\\',
          '\\,',
          '2024',
          'ge2024-13',
          'lt9999-12-31',
          'ap0001',
          'ne1e9999',
          '1e-9999',
          '-date',
          '_lastUpdated',
          'Patient/1',
          'true',
          'count',
          'json',
          'xml',
          "' OR 1=1 --",
          '*',
          '%',
          '9'.repeat(400),
        ),
        fc.string({ unit: 'binary', maxLength: 12 }).map(text => text.toWellFormed()),
      ),
    ),
    fc.tuple(fc.string({ maxLength: 6 }), fc.string({ maxLength: 6 })),
  )
  .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)

const text = fc.string({ maxLength: 12 })
const header = fc.oneof(
  fc.tuple(
    fc.constantFrom('If-Match', 'If-None-Match'),
    fc.oneof(text, fc.constantFrom('*', 'W/"1"', '"1"', 'W/""', 'W/"9999999999999999999"', ',,')),
  ),
  fc.tuple(
    fc.constantFrom('If-Modified-Since'),
    fc.oneof(text, fc.constantFrom('Thu, 01 Jan 1970 00:00:00 GMT', '0')),
  ),
  fc.tuple(
    fc.constantFrom('If-None-Exist'),
    fc.oneof(text, fc.constantFrom('identifier=x|y', '?', '&', '=', '%', 'name=x&_count=1')),
  ),
  fc.tuple(
    fc.constantFrom('Prefer'),
    fc.oneof(
      text,
      fc.constantFrom(
        'return=minimal',
        'return=OperationOutcome',
        'handling=lenient',
        'return=',
        '=;,=',
      ),
    ),
  ),
  fc.tuple(
    fc.constantFrom(
      'Accept',
      'Accept-Encoding',
      'Content-Type',
      'X-Request-Id',
      'Origin',
      'Range',
      'Cookie',
      'Authorization',
      'X-HTTP-Method-Override',
      'Accept-Charset',
    ),
    fc.oneof(
      text,
      fc.constantFrom(
        'application/fhir+xml',
        'text/html',
        '*/*;q=0',
        'gzip',
        'br;q=x',
        ';',
        ',',
        'identity;q=0',
      ),
    ),
  ),
)

const noise: fc.Arbitrary<Shot> = fc
  .record({
    method: fc.constantFrom(
      'GET',
      'GET',
      'GET',
      'HEAD',
      'POST',
      'PUT',
      'PATCH',
      'DELETE',
      'OPTIONS',
      'TRACE',
      'PROPFIND',
      'SEARCH',
      'LINK',
    ),
    root: fc.constantFrom('/fhir/', '/fhir/', '/fhir/', '/', '//'),
    path: fc.array(word, { maxLength: 5 }),
    query: fc.array(parameter, { maxLength: 4 }),
    mark: fc.constantFrom('?', '?', '?', '', '??', '?&&', '?%'),
    headers: fc.array(header, { maxLength: 3 }),
    body: fc.option(junk, { freq: 3, nil: undefined }),
  })
  .map(({ method, root, path, query, mark, headers, body }) => ({
    method,
    path: `${root}${path.join('/')}${query.length ? mark + query.join('&') : ''}`,
    headers: { ...(body === undefined ? {} : json), ...Object.fromEntries(headers) },
    ...(body === undefined ? {} : { body: Buffer.from(printed(body)) }),
  }))

/** Shots of all kinds, the same for the same seed. */
export const shots = (seed: number, count: number): Shot[] =>
  fc.sample(
    fc.oneof(
      { arbitrary: mutated, weight: 7 },
      { arbitrary: noise, weight: 6 },
      { arbitrary: broken, weight: 2 },
      { arbitrary: bundle, weight: 3 },
      { arbitrary: patch, weight: 2 },
    ),
    { seed, numRuns: count },
  )

/** What is not even HTTP, or hardly. */
export const noHttp = (seed: number, count: number): Buffer[] =>
  fc.sample(
    fc.oneof(
      fc
        .uint8Array({ minLength: 1, maxLength: 200 })
        .map(bytes => Buffer.concat([bytes, Buffer.from('\r\n\r\n')])),
      fc
        .tuple(
          fc.constantFrom('GET', 'get', 'FOO', 'POST', ''),
          fc.constantFrom('/fhir/metadata', 'fhir', '*', 'http://[', '/\u0000', '/fhir/Patient/पु'),
          fc.constantFrom('HTTP/1.1', 'HTTP/9.9', 'HTTP', ''),
          fc.constantFrom(
            'Host: localhost',
            'Host',
            ': x',
            'Content-Length: -1',
            'Content-Length: 1\r\nContent-Length: 2',
            'Transfer-Encoding: x',
            'Transfer-Encoding: chunked\r\nContent-Length: 3',
            `X: ${'x'.repeat(40_000)}`,
            'A\u0000: b',
            'Host: a\r\nHost: b',
          ),
        )
        .map(([method, path, version, line]) =>
          Buffer.from(
            `${method} ${path} ${version}\r\n${line}\r\nConnection: close\r\n\r\nzz\r\n\r\n`,
          ),
        ),
    ),
    { seed, numRuns: count },
  )

import { describe, expect, test } from '@jest/globals'
import { parseJson, printJson } from '../../resources/json.ts'
import { parseReference, referencesOf, rewriteReferences } from '../../resources/reference.ts'
import type { Resource } from '../../resources/resource.ts'

describe('a reference taken apart:', () => {
  test.each([
    ['Patient/1', { form: 'relative', type: 'Patient', id: '1' }],
    ['Patient/1/_history/2', { form: 'relative', type: 'Patient', id: '1', version: '2' }],
    [
      'http://a.example/fhir/Patient/1',
      { form: 'absolute', type: 'Patient', id: '1', base: 'http://a.example/fhir' },
    ],
    [
      'https://a.example/Patient/1/_history/9',
      { form: 'absolute', type: 'Patient', id: '1', version: '9', base: 'https://a.example' },
    ],
    ['http://a.example/Wings/1', { form: 'absolute', base: 'http://a.example' }],
    ['http://a.example/x?y=z', { form: 'absolute' }],
    ['mailto:a@example.org', { form: 'absolute' }],
    ['urn:uuid:c757873d-ec9a-4326-a141-556f43239520', { form: 'urn' }],
    ['urn:oid:1.2.840', { form: 'urn' }],
    ['urn:isbn:123', { form: 'absolute' }],
    ['#', { form: 'fragment' }],
    ['#a-1', { form: 'fragment' }],
    ['Patient?identifier=x|y', { form: 'search', type: 'Patient' }],
  ])('%s', (text, parts) => {
    expect(parseReference(text)).toEqual(parts)
  })

  test.each([
    '',
    'Patient',
    'Wings/1',
    'Wings?x=1',
    'Patient?',
    'Patient/',
    'a b',
    'urn:uuid:1',
    'urn:oid:x',
  ])('%j is none', text => {
    expect(parseReference(text)).toBeUndefined()
  })
})

const urn = 'urn:uuid:c757873d-ec9a-4326-a141-556f43239520'
const targets = new Map([
  [urn, 'Patient/9'],
  ['Patient?identifier=1', 'Patient/8'],
  ['http://a.example/fhir/Patient/1', 'Patient/7'],
  ['Patient/5', 'Patient/6'],
])

test('every reference of a resource is found, with its place', () => {
  const resource = {
    resourceType: 'Observation',
    subject: { reference: 'Patient/1' },
    performer: [{ reference: 'Practitioner/1' }, { display: 'x' }, null],
    extension: [{ url: 'u', valueReference: { reference: 'Group/1' } }],
    contained: [{ resourceType: 'Basic', subject: { reference: '#a' } }],
    note: [{ text: 'reference' }],
    value: null,
  }
  expect(referencesOf(resource)).toEqual([
    { path: 'Observation.subject', reference: 'Patient/1' },
    { path: 'Observation.performer[0]', reference: 'Practitioner/1' },
    { path: 'Observation.extension[0].valueReference', reference: 'Group/1' },
    { path: 'Observation.contained[0].subject', reference: '#a' },
  ])
})

test('what is not known to be a resource is looked through as well', () => {
  const odd = { resourceType: 5, subject: { reference: 'Patient/1' } } as unknown as Resource
  expect(referencesOf(odd)).toEqual([{ path: 'Resource.subject', reference: 'Patient/1' }])
})

describe('rewriting', () => {
  const rewritten = (elements: object) => {
    const { resourceType: _, ...rest } = rewriteReferences(
      { resourceType: 'ServiceRequest', ...elements },
      targets,
    )
    return rest
  }
  test.each<[string, object, object]>([
    ['a reference', { subject: { reference: urn } }, { subject: { reference: 'Patient/9' } }],
    [
      'a relative one',
      { subject: { reference: 'Patient/5' } },
      { subject: { reference: 'Patient/6' } },
    ],
    [
      'one with a version',
      { subject: { reference: 'http://a.example/fhir/Patient/1/_history/2' } },
      { subject: { reference: 'Patient/7' } },
    ],
    [
      'one by a search',
      { subject: { reference: 'Patient?identifier=1' } },
      { subject: { reference: 'Patient/8' } },
    ],
    [
      'a uri',
      { extension: [{ url: 'u', valueUri: urn }] },
      { extension: [{ url: 'u', valueUri: 'Patient/9' }] },
    ],
    ['a list of uris', { instantiatesUri: ['x', urn] }, { instantiatesUri: ['x', 'Patient/9'] }],
    [
      'a contained resource',
      { contained: [{ subject: { reference: urn } }] },
      { contained: [{ subject: { reference: 'Patient/9' } }] },
    ],
    [
      'links of a narrative',
      {
        text: {
          div: `<div><a href="${urn}">x</a><img class='a' src = '${urn}'/><a href="http://b.example">y</a></div>`,
        },
      },
      {
        text: {
          div: `<div><a href="Patient/9">x</a><img class='a' src = 'Patient/9'/><a href="http://b.example">y</a></div>`,
        },
      },
    ],
  ])('changes %s', (_, before, after) => {
    expect(rewritten(before)).toEqual(after)
  })

  test.each<[string, object]>([
    ['a string that only looks like one', { valueString: urn, identifier: [{ value: urn }] }],
    [
      'a text, a name and a list of them',
      { note: [{ text: urn }], name: [{ text: urn, given: [urn] }], valueMarkdown: urn },
    ],
    ['text of a narrative', { text: { div: `<div>${urn}</div>` } }],
    [
      'a urn that nobody has',
      { subject: { reference: 'urn:oid:1.2' }, instantiatesUri: ['urn:oid:1.2'] },
    ],
    ['a relative reference that nobody has', { subject: { reference: 'Patient/1' } }],
    [
      'a canonical, also where others of its name are uris, and a string',
      {
        instantiatesCanonical: [urn],
        contained: [
          { resourceType: 'CapabilityStatement', instantiates: [urn], imports: [urn] },
          { resourceType: 'CodeSystem', concept: [{ definition: urn, display: urn }] },
        ],
      },
    ],
    ['what must be a uuid or an oid', { valueUuid: urn, valueOid: urn }],
    [
      'what a Bundle holds itself',
      {
        contained: [
          {
            resourceType: 'Bundle',
            type: 'document',
            entry: [
              { resource: { resourceType: 'Composition', subject: { reference: urn } } },
              { resource: { resourceType: 'Composition', subject: { reference: 'Patient/5' } } },
              { fullUrl: urn, resource: { resourceType: 'Patient' } },
            ],
          },
        ],
      },
    ],
  ])('keeps %s', (_, elements) => {
    expect(rewritten(elements)).toEqual(elements)
  })

  test('gives the same object where nothing is changed, and never changes the one given', () => {
    const plain = { resourceType: 'Basic', subject: { reference: 'Patient/1' }, list: [{ a: 1 }] }
    expect(rewriteReferences(plain, targets)).toBe(plain)
    const given = { resourceType: 'Basic', subject: { reference: urn }, list: [urn, { a: urn }] }
    const before = JSON.stringify(given)
    rewriteReferences(given, targets)
    expect(JSON.stringify(given)).toBe(before)
  })

  test('changes what a Bundle refers to outside of it, and no fullUrl', () => {
    const bundle = (reference: string) => ({
      resourceType: 'Bundle',
      entry: [{ fullUrl: 'urn:uuid:1', resource: { subject: { reference } } }],
    })
    expect(rewriteReferences(bundle(urn), targets)).toEqual(bundle('Patient/9'))
    const inner = { contained: [{ ...bundle('Patient/1'), entry: [{ fullUrl: urn }] }] }
    expect(rewritten(inner)).toEqual(inner)
  })

  test('keeps the digits of decimals and the order of keys', () => {
    const text = `{"resourceType":"Basic","b":{"value":1.00,"reference":"${urn}"},"a":1e-7}`
    const resource = parseJson(text) as Resource
    expect(printJson(rewriteReferences(resource, targets))).toBe(text.replace(urn, 'Patient/9'))
  })
})

import { describe, expect, test } from '@jest/globals'
import { FhirError } from '../../resources/error.ts'
import { printJson } from '../../resources/json.ts'
import { jsonPatch } from '../../resources/patch/json-patch.ts'
import { mergePatch } from '../../resources/patch/merge-patch.ts'
import { applyPatch } from '../../resources/patch.ts'
import type { Patch } from '../../resources/repository.ts'
import type { Resource } from '../../resources/resource.ts'
import { canonical, casesOf } from '../support/cases.ts'

interface Case {
  name: string
  /** What is patched: any JSON value in the cases of the RFCs. */
  document?: unknown
  resource?: unknown
  patch: unknown
  result?: unknown
  status?: number
  code?: string
}

type Patcher = (resource: Resource, patch: unknown) => unknown

function refusal(run: () => unknown): FhirError {
  try {
    run()
  } catch (error) {
    if (error instanceof FhirError) return error
    throw error
  }
  throw new Error('it was accepted')
}

function holds({ document, resource, patch, result, status, code }: Case, patcher: Patcher): void {
  const given = (resource ?? document) as Resource
  const before = [printJson(given), printJson(patch)]
  if (status === undefined) expect(canonical(patcher(given, patch))).toBe(canonical(result))
  else {
    const error = refusal(() => patcher(given, patch))
    expect([error.status, error.outcome.issue[0]?.code]).toEqual([status, code])
  }
  expect([printJson(given), printJson(patch)]).toEqual(before)
}

const fhirpathPatch: Patcher = (resource, body) =>
  applyPatch(resource, { language: 'fhirpath-patch', body })

test.each<[string, (count: number) => Patch]>([
  [
    'JSON Patch',
    count => ({
      language: 'json-patch',
      body: Array(count).fill({ op: 'add', path: '/active', value: true }),
    }),
  ],
  [
    'FHIRPath Patch',
    count => ({
      language: 'fhirpath-patch',
      body: {
        resourceType: 'Parameters',
        parameter: Array(count).fill({
          name: 'operation',
          part: [
            { name: 'type', valueCode: 'replace' },
            { name: 'path', valueString: 'Patient.active' },
            { name: 'value', valueBoolean: true },
          ],
        }),
      },
    }),
  ],
])('a %s has 1,000 operations at most', (_, patch) => {
  const resource = { resourceType: 'Patient', active: false }
  expect(applyPatch(resource, patch(1000))).toEqual({ ...resource, active: true })
  expect(() => applyPatch(resource, patch(1001))).toThrow('a patch may have 1000 operations')
})

describe('JSON Patch', () => {
  test.each(casesOf<Case>('patch/rfc6902').map(one => [one.name, one] as const))('%s', (_, one) =>
    holds(one, jsonPatch),
  )

  test('replace keeps the order of keys', () => {
    const patched = jsonPatch({ resourceType: 'Basic', a: 1, b: 2 }, [
      { op: 'replace', path: '/a', value: 3 },
    ])
    expect(printJson(patched)).toBe('{"resourceType":"Basic","a":3,"b":2}')
  })
})

describe('JSON Merge Patch', () => {
  test.each(casesOf<Case>('patch/rfc7396').map(one => [one.name, one] as const))('%s', (_, one) =>
    holds(one, mergePatch),
  )
})

describe('FHIRPath Patch', () => {
  test.each(casesOf<Case>('patch/fhirpath').map(one => [one.name, one] as const))('%s', (_, one) =>
    holds(one, fhirpathPatch),
  )

  test('a refusal names the operation and no value', () => {
    const parameter = ['type', 'path', 'name', 'value'].map((name, n) => ({
      name,
      valueString: ['add', 'Patient', 'birthDate', 'Secret'][n],
    }))
    const { outcome } = refusal(() =>
      fhirpathPatch(
        { resourceType: 'Patient', birthDate: '1980-01-01' },
        { resourceType: 'Parameters', parameter: [{ name: 'operation', part: parameter }] },
      ),
    )
    expect(outcome.issue[0]?.expression).toEqual(['Parameters.parameter[0]'])
    expect(JSON.stringify(outcome)).not.toMatch(/Secret|1980/)
  })
})

describe('whatever the language, a patch must leave resourceType and id as they are:', () => {
  const given = { resourceType: 'Patient', id: '1', active: true }
  test.each<[string, Patch]>([
    ['another id', { language: 'json-patch', body: [{ op: 'replace', path: '/id', value: '2' }] }],
    ['no id', { language: 'merge-patch', body: { id: null } }],
    ['another type', { language: 'merge-patch', body: { resourceType: 'Group' } }],
    ['no resource', { language: 'json-patch', body: [{ op: 'add', path: '', value: null }] }],
    ['a number', { language: 'json-patch', body: [{ op: 'add', path: '', value: 5 }] }],
  ])('%s answers 422', (_, patch) => {
    const error = refusal(() => applyPatch(given, patch))
    expect([error.status, error.outcome.issue[0]?.code]).toEqual([422, 'business-rule'])
  })

  test('the same id again is fine', () => {
    const patch: Patch = { language: 'merge-patch', body: { id: '1', active: false } }
    expect(applyPatch(given, patch)).toEqual({ ...given, active: false })
  })
})

test.each([
  ["Patient.birthDate.extension('http://t')", { birthDate: '1980-01-01' }],
  ['Patient.birthDate.extension[0]', { birthDate: '1980-01-01' }],
  ['Patient.birthDate.extension', { birthDate: '1980-01-01' }],
])('the last extension of a primitive goes with what held it: %s', (path, left) => {
  const resource = {
    resourceType: 'Patient',
    birthDate: '1980-01-01',
    _birthDate: { extension: [{ url: 'http://t', valueCode: 'a' }] },
  }
  expect(fhirpathPatch(resource, deletionOf(path))).toEqual({ resourceType: 'Patient', ...left })
})

test('of several primitives the others keep theirs', () => {
  const extension = [{ url: 'http://t', valueCode: 'a' }]
  const resource = (...besides: unknown[]) => ({
    resourceType: 'Patient',
    name: [{ given: ['A', 'B'], ...(besides.length ? { _given: besides } : {}) }],
  })
  const patched = fhirpathPatch(
    resource({ id: 'x' }, { extension }),
    deletionOf("Patient.name[0].given[1].extension('http://t')"),
  )
  expect(patched).toEqual(resource({ id: 'x' }, null))
  expect(
    fhirpathPatch(
      resource(null, { extension }),
      deletionOf("Patient.name[0].given[1].extension('http://t')"),
    ),
  ).toEqual(resource())
})

test('an empty element that a patch brings stays, so that it is refused', () => {
  const resource = { resourceType: 'Patient', active: true }
  const name = { family: 'F', _family: {}, _given: [] }
  const add = {
    name: 'operation',
    part: [
      { name: 'type', valueCode: 'add' },
      { name: 'path', valueString: 'Patient' },
      { name: 'name', valueString: 'name' },
      { name: 'value', valueHumanName: name },
    ],
  }
  const patched = fhirpathPatch(resource, { resourceType: 'Parameters', parameter: [add] })
  expect(patched).toEqual({ ...resource, name: [name] })
})

const deletionOf = (path: string): object => ({
  resourceType: 'Parameters',
  parameter: [
    {
      name: 'operation',
      part: [
        { name: 'type', valueCode: 'delete' },
        { name: 'path', valueString: path },
      ],
    },
  ],
})

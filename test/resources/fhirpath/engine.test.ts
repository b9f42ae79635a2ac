/** Expressions beyond the compiler: what they find, what is refused, and what they may take. */
import { createRequire } from 'node:module'
import { describe, expect, jest, test } from '@jest/globals'
import { resourceTypes, searchParameters } from '../../../resources/definitions.ts'
import { onOneBudget } from '../../../resources/fhirpath/meter.ts'
import { fhirpath } from '../../../resources/fhirpath/package.ts'
import { compilePath, pathProblem } from '../../../resources/fhirpath.ts'
import { parseJson, printJson } from '../../../resources/json.ts'
import { searchableParameters } from '../../../resources/search.ts'

type Json = Record<string, unknown>

test('no search parameter of R4 needs it', () => {
  const require = createRequire(import.meta.url)
  const names = () => Object.keys(require.cache).filter(name => name.includes('/fhirpath/'))
  const before = names().length
  for (const type of resourceTypes()) {
    searchableParameters(type)
    for (const { expression } of searchParameters(type)) compilePath(expression, type)
  }
  expect(names()).toHaveLength(before)
})

const patient = parseJson(`{
  "resourceType": "Patient", "id": "a", "active": false, "gender": "female", "birthDate": "2001-02-03",
  "_birthDate": { "extension": [{ "url": "http://e.org/time", "valueDateTime": "2001-02-03T10:00:00Z" }] },
  "name": [
    { "use": "official", "family": "Rao", "given": ["Asha", null, "Devi"],
      "_given": [null, { "extension": [{ "url": "http://e.org/none", "valueCode": "unknown" }] }, null] },
    { "use": "usual", "text": "Ashu" }
  ],
  "contained": [{ "resourceType": "Organization", "id": "o", "name": "Lab" }],
  "managingOrganization": { "reference": "#o" },
  "generalPractitioner": [
    { "reference": "Practitioner/7" },
    { "reference": "http://e.org/fhir/Organization/2" },
    { "type": "Practitioner", "display": "x" }
  ],
  "extension": [{ "url": "http://e.org/weight", "valueDecimal": 1.00 }]
}`) as Json

const observation = parseJson(`{
  "resourceType": "Observation", "status": "final", "issued": "2024-01-01T00:00:00Z",
  "component": [
    { "code": { "coding": [{ "code": "x" }] },
      "valueQuantity": { "value": 1.00, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg" } },
    { "code": { "coding": [{ "code": "y" }] },
      "valueQuantity": { "value": 123456789012345678901234567890.10, "unit": "kg" } },
    { "code": { "coding": [{ "code": "z" }] }, "valueString": "none" }
  ]
}`) as Json

const found = (expression: string, resource: Json) =>
  printJson(compilePath(expression, String(resource.resourceType))?.(resource))

describe('an expression finds', () => {
  test.each([
    ['Patient.name.given.first().lower()', '["asha"]'],
    ["Patient.name.where(use = 'official' and family.exists()).family", '["Rao"]'],
    ["iif(Patient.gender = 'female', 'f', 'm')", '["f"]'],
    ["Patient.name.given.where($this.startsWith('D'))", '["Devi"]'],
    ['Patient.name.given | Patient.name.text.upper()', '["Asha","Devi","ASHU"]'],
    ['Observation.value | Patient.name.family.upper()', '["RAO"]'],
    ['Resource.id.upper()', '["A"]'],
    ["Patient.birthDate.extension('http://e.org/time').value", '["2001-02-03T10:00:00Z"]'],
    ["Patient.birthDate.extension('http://e.org/time')", '["2001-02-03T10:00:00Z"]'],
    ["Patient.name.given.extension('http://e.org/none').value", '["unknown"]'],
    ["Patient.extension.where(url.endsWith('weight')).value", '[1.00]'],
    ['Patient.managingOrganization.resolve().name.lower()', '["lab"]'],
    ['Patient.generalPractitioner.resolve().ofType(Practitioner).id', '["7"]'],
    [
      'Patient.generalPractitioner.where(resolve() is Practitioner and reference.exists())',
      '[{"reference":"Practitioner/7"}]',
    ],
    ["Patient.name.family.matches('^R.o$')", '[true]'],
    ["Patient.name.family.replace('a', '$&')", '["R$&o"]'],
    ["Patient.name.given.join(' ')", '["Asha Devi"]'],
    ['(Patient.name.given as string).lower()', '[]'],
    ['Patient.birthDate.ofType(date).toString().substring(0, 4)', '["2001"]'],
    ['Patient.name.given.where(is(string) and $this is FHIR.string).count()', '[3]'],
    ['Patient.name.given.as(System.String).skip(2)', '["Devi"]'],
    ['Patient.birthDate + 1 year', '["2002-02-03"]'],
    ['Patient.birthDate > @2000-01-01', '[true]'],
    ['Patient.descendants().where($this is Reference).reference.first()', '["#o"]'],
    ['%resource.name.count() + 1', '[3]'],
    [
      'Patient.name.count() * 5 years',
      '[{"value":10,"unit":"a","system":"http://unitsofmeasure.org","code":"a"}]',
    ],
    // A false that stands in a resource is false.
    ['Patient.where(active).id', '[]'],
    ['Patient.exists(active)', '[false]'],
    // One value that is no Boolean is true where one is expected; of several there is none.
    ['Patient.name.where(family).use', '["official"]'],
    ['Patient.name.exists(text)', '[true]'],
    ['Patient.name.all(use)', '[true]'],
    ["iif(Patient.active, 'a', iif(Patient.id, 'b'))", '["b"]'],
    ['Patient.name.where(given).use', '[]'],
    ['Patient.name.where(use and $index = 1).text', '["Ashu"]'],
    ['Patient.birthDate.extension.value.toDate()', '["2001-02-03"]'],
    ['-Patient.name.count() - 1', '[-3]'],
    ['(Patient.name | Patient.name.skip(1)).count()', '[2]'],
    ["Patient.name.select(family.union(use) | text).join('+')", '["Rao+official+usual+Ashu"]'],
    ['Patient.name.single().family | Patient.id.where(true)', '["a"]'],
    // What fails has no value.
    ['Patient.name.single().family', '[]'],
    ['-Patient.name.family', '[]'],
  ])('%s', (expression, values) => {
    const all = compilePath(expression, 'Patient')?.(patient) ?? [{ value: 'no path' }]
    expect(printJson(all.map(({ value }) => value))).toBe(values)
  })

  test.each([
    [
      "Observation.component.where(code.coding.code = 'y' and value.exists()).value.ofType(Quantity)",
      '[{"value":{"value":123456789012345678901234567890.10,"unit":"kg"},"type":"Quantity"}]',
    ],
    [
      '(Observation.component.value as Quantity).value.where($this < 2)',
      '[{"value":1.00,"type":"decimal"}]',
    ],
    [
      'Observation.component.value.ofType(Quantity).value.where($this > 2) + 1',
      '[{"value":1.234567890123456789012345678911e+29}]',
    ],
    [
      "Observation.component.value.ofType(Quantity).where(system.exists()).where($this < 0.1 'g').unit",
      '[{"value":"mg","type":"string"}]',
    ],
    [
      'Observation.status.where(true)',
      '[{"value":"final","type":"code","system":"http://hl7.org/fhir/observation-status"}]',
    ],
    ['Observation.issued.where(true)', '[{"value":"2024-01-01T00:00:00Z","type":"instant"}]'],
  ])('with digits, datatype and system: %s', (expression, values) => {
    expect(found(expression, observation)).toBe(values)
  })

  test.each([
    ['Observation.component.value | Observation.value.where(true)', 4],
    ['(Observation.component.value | Observation.value).where(true)', 4],
    ['Observation.component.value.union(Observation.value).count()', 1],
  ])('quantities that are not compared: %s', (expression, count) => {
    const of = (more: Json) => ({ system: 'http://unitsofmeasure.org', code: 'g', ...more })
    const values = [of({ value: 1, comparator: '<' }), of({ value: 1e-9 }), of({ value: 2e-9 })]
    const resource = {
      resourceType: 'Observation',
      component: values.map(valueQuantity => ({ valueQuantity })),
      valueQuantity: of({ value: 1000, code: 'mg' }),
    }
    expect(compilePath(expression, 'Observation')?.(resource)).toHaveLength(count)
  })

  test('a sign, before a value that stands in a resource too', () => {
    const resource = { resourceType: 'Observation', valueInteger: 5 }
    expect(found('-Observation.value.ofType(integer)', resource)).toBe('[{"value":-5}]')
    expect(found('+Observation.value.ofType(integer)', resource)).toBe('[{"value":5}]')
  })

  test('no half of a character', () => {
    const resource = { resourceType: 'Patient', name: [{ family: '\u{1F600}x' }] }
    const [half] = compilePath('Patient.name.family.substring(0, 1)', 'Patient')?.(resource) ?? []
    expect(half?.value).toBe('\uFFFD')
  })

  test('what stands in the resource as it is, not a copy', () => {
    const [one] =
      compilePath('Observation.component.where(true)', 'Observation')?.(observation) ?? []
    expect(one?.value).toBe((observation.component as unknown[])[0])
  })

  test('elements of an element', () => {
    const part = (observation.component as Json[])[0] ?? {}
    const path = compilePath(
      "value.where($this > 0.5 'mg')",
      'Observation',
      'Observation.component',
    )
    expect(printJson(path?.(part).map(({ value }) => value))).toContain('"value":1.00')
    expect(compilePath('value.where(true)', 'Observation', 'Element')).toBeUndefined()
  })
})

describe('it is refused', () => {
  test.each([
    ['Patient.name.(', 'is no FHIRPath'],
    ['Observation.status.lower()', 'has no path on Patient'],
    ['status.lower()', 'has no path on Patient'],
    ['nme.family', 'no resource has: nme; near to it are name,'],
    ['true', 'is the same for every resource'],
    ['{}', 'is the same for every resource'],
    ["'a'.upper() | %loinc", 'is the same for every resource'],
    ['Patient.name.given.lowr()', 'calls lowr(), which is not known here; near to it are lower,'],
    ['Patient.where(nme.exists())', 'no resource has: nme; near to it are name,'],
    ['Patient.constructor.name.lower()', 'no resource has: constructor;'],
    ['Patient.ofType(Foo).name.count()', 'a type that R4 does not have: Foo'],
    ["Patient.trace('x').name", 'calls trace(), which prints what it finds'],
    ['Patient.where(birthDate < today())', 'calls today(), which is another from one moment'],
    ["Patient.where(gender.memberOf('http://e.org'))", 'which asks for more than the resource'],
    ['Patient.name.family.ofType(strng).lower()', 'names a type that R4 does not have: strng'],
    ['%terminologies', 'uses %terminologies, which is not known here'],
    ['%evaluation.meter', 'uses %evaluation, which'],
    ['%`vs-x`', 'uses %vs-x, which'],
    ['Patient.compared()', 'calls compared(), which is not known here'],
    ['Patient.name.given.lower(1)', 'gives lower() 1 arguments, and it takes 0'],
    ["Patient.name.family.matches('(?=a)')", 'gives matches() a pattern that is none here'],
    ['Patient.name.family.matches(Patient.id)', 'a pattern that is no text in quotes'],
    ["Coding { system: 'x' }", 'makes a value of its own'],
    [`Patient.name${'.first().skip(1)'.repeat(130)}`, 'takes at most 2000 characters'],
    [`${'('.repeat(31)}1${')'.repeat(31)}`, 'takes at most 30 brackets within each other'],
    [
      'Patient.select(1|2|3|4|5|6).select((1|2|3|4|5|6).select((1|2|3|4|5|6).select(1|2|3|4|5|6)))',
      'takes too much, whatever it is asked of',
    ],
  ])('%s', (expression, problem) => {
    expect(compilePath(expression, 'Patient')).toBeUndefined()
    expect(pathProblem(expression, 'Patient')).toContain(problem)
  })
})

describe('what it takes', () => {
  const of = (count: number): Json => ({
    resourceType: 'Bundle',
    type: 'collection',
    entry: Array.from({ length: count }, (_, n) => ({ fullUrl: `urn:x:${n}`, resource: patient })),
  })
  const text: Json = { resourceType: 'Patient', name: [{ text: 'a'.repeat(2_000_000) }] }

  test('is enough for an ordinary resource, however large', () => {
    expect(compilePath('Bundle.entry.fullUrl.first().lower()', 'Bundle')?.(of(5000))).toHaveLength(
      1,
    )
    const all = compilePath(
      'Bundle.entry.resource.name.given.first().lower()',
      'Bundle',
    )?.(of(5000))
    expect(all).toHaveLength(1)
  })

  test.each([
    'Bundle.repeat(children())',
    'Bundle.descendants().combine(Bundle.descendants()).descendants()',
    'Bundle.entry.select(%resource.entry.select(%resource.entry))',
    'Bundle.entry.fullUrl.distinct()',
    'Bundle.entry.fullUrl.intersect(Bundle.entry.resource.id)',
    '(Bundle.entry | Bundle.entry).distinct()',
    'Bundle.entry.where(%resource ~ $this)',
    "Bundle.entry.aggregate($total & $total, 'a')",
    'Bundle.entry.aggregate($total.combine($total), 1)',
    'Bundle.entry.aggregate($total * $total, 3)',
  ])('has an end: %s', expression => {
    expect(compilePath(expression, 'Bundle')?.(of(3000))).toHaveLength(0)
  })

  test.each([
    "Patient.name.text.matches('(a*)*b')",
    "Patient.name.text.replace('a', 'bbbbbbbbbbbb')",
    'Patient.name.text.toChars()',
    'Patient.name.text.contains(Patient.name.text)',
  ])('has an end for a text: %s', expression => {
    expect(compilePath(expression, 'Patient')?.(text)).toEqual([])
  })

  test.each([
    ['a power of ten that nobody writes out', '1e400000000', 'mg'],
    ['a factor of many digits', '1'.repeat(60_000), 'mg'],
    ['a unit that takes long to read', '1', 'm.'.repeat(40)],
  ])('has an end for %s', (_, digits, code) => {
    const quantity = { value: JSON.rawJSON(digits), system: 'http://unitsofmeasure.org', code }
    const resource = { resourceType: 'Observation', valueQuantity: quantity }
    expect(found("Observation.value.where($this < 5 'g' and value mod 3 = 1)", resource)).toBe('[]')
  })
})

test('units that take long to read are not compared with each other', () => {
  const component = Array.from({ length: 150 }, (_, n) => ({
    valueQuantity: {
      value: n,
      system: 'http://unitsofmeasure.org',
      code: `g${'.g'.repeat(14)}${n}`,
    },
  }))
  const resource = { resourceType: 'Observation', component }
  expect(found("Observation.component.value.combine('a').distinct()", resource)).toBe('[]')
  expect(found('Observation.component.value.combine(%resource.id).count()', resource)).toBe(
    '[{"value":150}]',
  )
})

test('all that is evaluated for one resource shares a budget, in order', () => {
  const resource = { resourceType: 'Patient', id: 'a', name: Array(3000).fill({ text: 'a' }) }
  const hostile = compilePath('Patient.name.aggregate($total | $this.text.toChars())', 'Patient')
  const plain = compilePath('Patient.id.upper()', 'Patient')
  const values = onOneBudget(() => [
    plain?.(resource).length,
    ...Array.from({ length: 20 }, () => hostile?.(resource).length),
    plain?.(resource).length,
  ])
  expect([values[0], values.at(-1)]).toEqual([1, 0])
  expect(plain?.(resource)).toHaveLength(1)
})

test('what has extensions only is neither true nor false', () => {
  const resource = { resourceType: 'Patient', _active: { extension: [{ url: 'x' }] } }
  expect(found("iif(Patient.active, 'on', 'off')", resource)).toContain('"off"')
})

test('what the package would print does not leave it', () => {
  const [log, warn] = [jest.spyOn(console, 'log'), jest.spyOn(console, 'warn')]
  try {
    expect(found("Patient.birthDate + Patient.extension.value.toQuantity('year')", patient)).toBe(
      '[]',
    )
    const half = { resourceType: 'Patient', birthDate: '2001-01-01', multipleBirthInteger: 1 }
    found('Patient.birthDate + 1.5 years', half)
    expect([...log.mock.calls, ...warn.mock.calls]).toEqual([])
    expect(console.warn).toBe(warn)
  } finally {
    log.mockRestore()
    warn.mockRestore()
  }
})

test('the package is read once', () => expect(fhirpath()).toBe(fhirpath()))

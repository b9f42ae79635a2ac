import { describe, expect, test } from '@jest/globals'
import { createStructureValidator } from '../../profiles/structure.ts'
import { parseJson } from '../../resources/json.ts'
import type { Resource } from '../../resources/resource.ts'

const validator = createStructureValidator(() => 'http://127.0.0.1:8080/fhir')
const check = (resource: object) => validator.validate(resource as Resource)
/** Each issue as `code at expression`. */
const found = (resource: object): string[] =>
  check(resource).map(({ code, expression }) => `${code} at ${expression?.join()}`)

const patient = (more: object) => ({ resourceType: 'Patient', ...more })
const observation = (more: object) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  ...more,
})
const extended = (value: object) =>
  patient({ extension: [{ url: 'http://example.org/e', ...value }] })

type Rule = [claim: string, resource: object, issues: string[]]
const rules = (...list: Rule[]) =>
  test.each(list)('%s', (_, resource, issues) => {
    expect(found(resource)).toEqual(issues)
  })

describe('the resource type', () => {
  rules(
    ['that R4 has is taken', patient({}), []],
    ['that is missing is refused', { id: '1' }, ['structure at resourceType']],
    ['that R4 lacks is refused', { resourceType: 'Pateint' }, ['structure at resourceType']],
    [
      'that is abstract is refused',
      { resourceType: 'DomainResource' },
      ['structure at resourceType'],
    ],
    ['that is a datatype is refused', { resourceType: 'HumanName' }, ['structure at resourceType']],
    ['that is no text is refused', { resourceType: 5 }, ['structure at resourceType']],
    [
      'by the name of a method is refused',
      { resourceType: 'toString' },
      ['structure at resourceType'],
    ],
  )
})

describe('an element', () => {
  rules(
    ['that is unknown is refused', patient({ wings: 2 }), ['structure at Patient.wings']],
    ['of another type is refused', patient({ status: 'x' }), ['structure at Patient.status']],
    [
      'unknown inside others is named with its place',
      patient({ contact: [{}, { name: { wings: 1 } }] }),
      ['structure at Patient.contact[0]', 'structure at Patient.contact[1].name.wings'],
    ],
    [
      'by the name of a method is unknown',
      patient({ toString: 'x', constructor: {} }),
      ['structure at Patient.toString', 'structure at Patient.constructor'],
    ],
    [
      'of one type may not be spelled otherwise',
      patient({ birthdate: '2000' }),
      ['structure at Patient.birthdate'],
    ],
    [
      'whose name cannot be one is not repeated',
      patient({ 'Asha Rao': 1 }),
      ['structure at Patient'],
    ],
    [
      'that a type forbids is unknown',
      { resourceType: 'Bundle', type: 'batch', text: {} },
      ['structure at Bundle.text'],
    ],
    ['of a choice needs its type', observation({ value: 5 }), ['structure at Observation.value']],
    [
      'of a choice takes only types of it',
      observation({ valueAddress: {} }),
      ['structure at Observation.valueAddress'],
    ],
    [
      'whose definition stands elsewhere is known',
      {
        resourceType: 'Questionnaire',
        status: 'draft',
        item: [{ linkId: '1', type: 'group', item: [{ linkId: '2', type: 'x' }] }],
      },
      ['code-invalid at Questionnaire.item[0].item[0].type'],
    ],
    ['with an id of its own is fine', patient({ name: [{ id: 'n1', text: 'x' }] }), []],
    ['that is empty is refused', patient({ name: [{}] }), ['structure at Patient.name[0]']],
    ['that is an empty array is refused', patient({ name: [] }), ['structure at Patient.name']],
    [
      'that is null is refused',
      patient({ name: null, maritalStatus: null, active: null }),
      [
        'structure at Patient.name',
        'structure at Patient.maritalStatus',
        'structure at Patient.active',
      ],
    ],
    [
      'that is null in an array is refused',
      patient({ name: [null] }),
      ['structure at Patient.name[0]'],
    ],
    [
      'that is a text where an object belongs is refused',
      patient({ maritalStatus: 'M' }),
      ['structure at Patient.maritalStatus'],
    ],
    [
      'that is a decimal where an object belongs is refused',
      parseJson('{"resourceType":"Patient","maritalStatus":1.00}') as object,
      ['structure at Patient.maritalStatus'],
    ],
    [
      'that is an array in an array is refused',
      patient({ name: [[{ text: 'x' }]] }),
      ['structure at Patient.name[0]'],
    ],
  )
})

describe('cardinality', () => {
  rules(
    [
      'a required element must be there',
      { resourceType: 'Observation', status: 'final' },
      ['required at Observation.code'],
    ],
    [
      'all that are missing are named',
      { resourceType: 'Observation' },
      ['required at Observation.status', 'required at Observation.code'],
    ],
    [
      'a required choice may be of any type',
      {
        resourceType: 'MedicationRequest',
        status: 'active',
        intent: 'order',
        subject: { display: 'x' },
        medicationCodeableConcept: { text: 'x' },
      },
      [],
    ],
    [
      'a required choice must be there',
      {
        resourceType: 'MedicationRequest',
        status: 'active',
        intent: 'order',
        subject: { display: 'x' },
      },
      ['required at MedicationRequest.medication'],
    ],
    [
      'a required element inside another must be there',
      observation({ component: [{ valueString: 'x' }] }),
      ['required at Observation.component[0].code'],
    ],
    [
      'one value is no array where the element repeats',
      patient({ name: { text: 'x' } }),
      ['structure at Patient.name'],
    ],
    [
      'an array is no value where it does not',
      patient({ gender: ['male'] }),
      ['structure at Patient.gender'],
    ],
    [
      'an array of one is no object where it does not',
      patient({ maritalStatus: [{ text: 'x' }] }),
      ['structure at Patient.maritalStatus'],
    ],
    [
      'a choice has one type only',
      observation({ valueString: 'x', valueInteger: 1 }),
      ['structure at Observation.valueInteger'],
    ],
    [
      'a choice has one type only, extensions of another included',
      observation({ valueString: 'x', _valueInteger: { id: 'a' } }),
      ['structure at Observation._valueInteger'],
    ],
    [
      'a choice may have a value and its extensions',
      observation({ valueString: 'x', _valueString: { id: 'a' } }),
      [],
    ],
    [
      'two choices are two elements',
      patient({ deceasedBoolean: false, multipleBirthInteger: 2 }),
      [],
    ],
  )

  test('a required element may be there by its extension alone', () => {
    const { status: _, ...rest } = observation({
      _status: { extension: [{ url: 'http://example.org/e', valueCode: 'unknown' }] },
    }) as Record<string, unknown>
    expect(found(rest)).toEqual([])
  })
})

describe('a code', () => {
  rules(
    ['that the element is bound to is taken', patient({ gender: 'female' }), []],
    [
      'that it is not bound to is refused',
      patient({ gender: 'f' }),
      ['code-invalid at Patient.gender'],
    ],
    [
      'of an element that is not bound may be any',
      patient({ communication: [{ language: { coding: [{ code: 'any' }] } }] }),
      [],
    ],
    [
      'in a list is checked one by one',
      { resourceType: 'HealthcareService', availableTime: [{ daysOfWeek: ['mon', 'noday'] }] },
      ['code-invalid at HealthcareService.availableTime[0].daysOfWeek[1]'],
    ],
    [
      'inside others is checked',
      patient({ name: [{ use: 'nick' }] }),
      ['code-invalid at Patient.name[0].use'],
    ],
    ['that is no text is refused as such', patient({ gender: 1 }), ['value at Patient.gender']],
  )
})

describe('ids and extensions of a primitive', () => {
  const extension = [{ url: 'http://example.org/e', valueString: 'x' }]
  rules(
    [
      'stand beside its value',
      patient({ birthDate: '2000', _birthDate: { id: 'a', extension } }),
      [],
    ],
    ['may stand without a value', patient({ _birthDate: { extension } }), []],
    [
      'are an object',
      patient({ birthDate: '2000', _birthDate: 'x' }),
      ['structure at Patient.birthDate'],
    ],
    [
      'are no null',
      patient({ birthDate: '2000', _birthDate: null }),
      ['structure at Patient.birthDate'],
    ],
    [
      'are no empty object',
      patient({ birthDate: '2000', _birthDate: {} }),
      ['structure at Patient.birthDate'],
    ],
    [
      'have no other elements',
      patient({ birthDate: '2000', _birthDate: { value: 'x' } }),
      ['structure at Patient.birthDate.value'],
    ],
    [
      'stand beside primitives only',
      patient({ _maritalStatus: { id: 'a' } }),
      ['structure at Patient._maritalStatus'],
    ],
    [
      'stand beside known elements only',
      patient({ _wings: { id: 'a' } }),
      ['structure at Patient._wings'],
    ],
    [
      'of a list are a list, with null for those that have none',
      patient({ name: [{ given: ['A', 'B'], _given: [null, { extension }] }] }),
      [],
    ],
    [
      'of a list may stand where the value is null',
      patient({ name: [{ given: ['A', null], _given: [null, { extension }] }] }),
      [],
    ],
    ['of a list may stand alone', patient({ name: [{ _given: [{ extension }] }] }), []],
    [
      'of a list are no object',
      patient({ name: [{ given: ['A'], _given: { extension } }] }),
      ['structure at Patient.name[0].given'],
    ],
    [
      'of a list are no empty list',
      patient({ name: [{ given: ['A'], _given: [] }] }),
      ['structure at Patient.name[0].given'],
    ],
    [
      'of a list leave no null on both sides',
      patient({ name: [{ given: ['A', null], _given: [{ extension }, null] }] }),
      ['structure at Patient.name[0].given[1]', 'structure at Patient.name[0].given[1]'],
    ],
    [
      'of a list leave no null without a list of extensions',
      patient({ name: [{ given: ['A', null] }] }),
      ['structure at Patient.name[0].given[1]'],
    ],
    [
      'of a list are objects, one by one',
      patient({ name: [{ given: ['A', 'B'], _given: ['x', { extension }] }] }),
      ['structure at Patient.name[0].given[0]'],
    ],
    [
      'of a list beyond its values are no null',
      patient({ name: [{ given: ['A'], _given: [{ extension }, null] }] }),
      ['structure at Patient.name[0].given[1]'],
    ],
    [
      'are no list where the element does not repeat',
      patient({ birthDate: '2000', _birthDate: [{ extension }] }),
      ['structure at Patient.birthDate'],
    ],
  )
})

describe('an extension', () => {
  rules(
    ['has a value', extended({ valueString: 'x' }), []],
    ['or extensions', extended({ extension: [{ url: 'a', valueString: 'x' }] }), []],
    [
      'or a value that is known by its extension only',
      extended({ _valueString: { extension: [{ url: 'a', valueCode: 'x' }] } }),
      [],
    ],
    [
      'but not both',
      extended({ valueString: 'x', extension: [{ url: 'a', valueString: 'x' }] }),
      ['invariant at Patient.extension[0]'],
    ],
    ['and not neither', extended({}), ['invariant at Patient.extension[0]']],
    [
      'needs its url',
      patient({ extension: [{ valueString: 'x' }] }),
      ['required at Patient.extension[0].url'],
    ],
    [
      'has one value',
      extended({ valueString: 'x', valueCode: 'y' }),
      ['structure at Patient.extension[0].valueCode'],
    ],
    [
      'of a modifier is checked alike',
      patient({ modifierExtension: [{ url: 'x' }] }),
      ['invariant at Patient.modifierExtension[0]'],
    ],
  )
})

describe('a contained resource', () => {
  const contained = (...list: object[]) => observation({ contained: list })
  rules(
    [
      'is checked like any other',
      contained({ resourceType: 'Patient', id: 'p', wings: 1, gender: 'f' }),
      [
        'structure at Observation.contained[0].wings',
        'code-invalid at Observation.contained[0].gender',
      ],
    ],
    ['that is right is taken', contained({ resourceType: 'Patient', id: 'p' }), []],
    [
      'needs an id',
      contained({ resourceType: 'Patient' }),
      ['required at Observation.contained[0].id'],
    ],
    [
      'needs a type',
      contained({ id: 'p' }),
      ['structure at Observation.contained[0].resourceType'],
    ],
    [
      'contains no others',
      contained({
        resourceType: 'Patient',
        id: 'p',
        contained: [{ resourceType: 'Group', id: 'g', type: 'person', actual: true }],
      }),
      ['structure at Observation.contained[0].contained'],
    ],
    ['is an object', contained('x' as never), ['structure at Observation.contained[0]']],
    [
      'has an id that no other has',
      observation({
        contained: [
          { resourceType: 'Patient', id: 'p' },
          { resourceType: 'Basic', id: 'p', code: { text: 'x' } },
        ],
      }),
      ['structure at Observation.contained'],
    ],
  )

  test('of a Bundle entry needs no id', () => {
    expect(
      found({
        resourceType: 'Bundle',
        type: 'collection',
        entry: [{ resource: { resourceType: 'Patient' } }],
      }),
    ).toEqual([])
  })

  test('inside a Bundle is named with its whole place', () => {
    const resource = observation({ contained: [{ resourceType: 'Patient', id: 'p', gender: 'f' }] })
    expect(found({ resourceType: 'Bundle', type: 'collection', entry: [{ resource }] })).toEqual([
      'code-invalid at Bundle.entry[0].resource.contained[0].gender',
    ])
  })
})

describe('a reference', () => {
  const subject = (reference: unknown, more: object = {}) =>
    observation({ subject: { reference, ...more } })
  const at = 'value at Observation.subject.reference'
  test.each([
    'Patient/1',
    'Patient/1/_history/2',
    'Group/1',
    'http://example.org/fhir/Patient/1',
    'http://127.0.0.1:8080/fhir/Patient/1/$everything',
    'http://127.0.0.1:8080/fhir/',
    'https://example.org/anything',
    'http://example.org/fhir/Organization/1',
    'urn:uuid:c757873d-ec9a-4326-a141-556f43239520',
    'urn:oid:1.2.3',
    '#',
    'Patient?identifier=http://example.org|1',
  ])('%s is taken', reference => {
    expect(found(subject(reference))).toEqual([])
  })
  test.each([
    'Organization/1',
    'Organization/1/_history/1',
    'http://127.0.0.1:8080/fhir/Organization/1',
    'Organization?name=x',
    'Pateint/1',
    'patient/1',
    'Patient',
    'Patient/',
    'Patient/a b',
    'Patient/a_b',
    `Patient/${'1'.repeat(65)}`,
    'Patient/1/2',
    'Patient/1/_history/',
    '/Patient/1',
    'urn:uuid:c757873d',
    'urn:oid:9.1',
    'urn:oid:1.02',
    '#a b',
    'Pateint?x=1',
    'text',
  ])('%s is refused', reference => {
    expect(found(subject(reference))).toEqual([at])
  })
  rules(
    [
      'to what is not contained is refused',
      subject('#p'),
      ['invariant at Observation.subject.reference'],
    ],
    ['may be without reference', observation({ subject: { display: 'x' } }), []],
    ['may be by identifier', observation({ subject: { identifier: { value: '1' } } }), []],
    ['may name its type', subject('Patient/1', { type: 'Patient' }), []],
    [
      'may not name another type',
      subject('Patient/1', { type: 'Group' }),
      ['value at Observation.subject.type'],
    ],
    [
      'to anything takes any type',
      { resourceType: 'Basic', code: { text: 'x' }, subject: { reference: 'ValueSet/1' } },
      [],
    ],
    [
      'to a contained resource of a type that the element allows is taken',
      { ...subject('#c', { type: 'Patient' }), contained: [{ resourceType: 'Patient', id: 'c' }] },
      [],
    ],
    [
      'to a contained resource of another type is refused',
      { ...subject('#c'), contained: [{ resourceType: 'Medication', id: 'c' }] },
      [at],
    ],
    [
      'to a contained resource may not name another type',
      { ...subject('#c', { type: 'Group' }), contained: [{ resourceType: 'Patient', id: 'c' }] },
      ['value at Observation.subject.type'],
    ],
    [
      'means what its own resource contains, in a Bundle and in what is contained',
      {
        resourceType: 'Bundle',
        type: 'collection',
        entry: [
          { resource: { ...subject('#c'), contained: [{ resourceType: 'Medication', id: 'c' }] } },
          { resource: { ...subject('#c'), contained: [{ resourceType: 'Patient', id: 'c' }] } },
          {
            resource: {
              resourceType: 'Basic',
              code: { text: 'x' },
              contained: [
                { resourceType: 'Medication', id: 'm' },
                { ...subject('#m'), id: 'o' },
              ],
            },
          },
        ],
      },
      [
        'value at Bundle.entry[0].resource.subject.reference',
        'value at Bundle.entry[2].resource.contained[1].subject.reference',
      ],
    ],
    ['that is a number is no text', subject(5), [at]],
    ['that is empty is no text', subject(''), [at, at]],
  )

  test('of a wrong type is told which it may be', () => {
    expect(check(subject('Organization/1'))[0]?.diagnostics).toBe(
      'subject may refer to Patient, Group, Device, Location only',
    )
  })
})

describe('what is said', () => {
  const secret = 'S3CRET'
  test.each<[string, object]>([
    ['a wrong format', patient({ birthDate: secret })],
    ['a wrong code', patient({ gender: secret })],
    ['a wrong reference', observation({ subject: { reference: `${secret}//` } })],
    [
      'a wrong type of a reference',
      observation({ subject: { reference: `Organization/${secret}` } }),
    ],
    ['a wrong narrative', patient({ text: { status: 'generated', div: secret } })],
    ['an object in place of a text', patient({ birthDate: { text: secret } })],
    ['a text in place of an object', patient({ name: [secret] })],
    ['a key that is no name', patient({ [`${secret} x`]: 1 })],
    ['a wrong resource type', { resourceType: `${secret}` }],
  ])('of %s never repeats a value', (_, resource) => {
    const issues = check(resource)
    expect(issues.length).toBeGreaterThan(0)
    expect(JSON.stringify(issues)).not.toContain(secret)
  })

  test('is 50 issues at most', () => {
    const name = Array.from({ length: 200 }, () => ({ use: 'x' }))
    expect(check(patient({ name }))).toHaveLength(50)
  })

  test('is an error each, with one expression', () => {
    for (const issue of check(patient({ wings: 1, gender: 'x', name: [{}] })))
      expect(issue).toMatchObject({
        severity: 'error',
        expression: [expect.stringMatching(/^Patient\./)],
      })
  })
})

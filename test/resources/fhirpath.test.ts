import { describe, expect, test } from '@jest/globals'
import { compilePath } from '../../resources/fhirpath.ts'

const patient = {
  resourceType: 'Patient',
  active: true,
  name: [
    { use: 'official', family: 'Rao', given: ['Asha', null, 'Devi'] },
    { use: 'usual', given: ['Ashu'] },
  ],
  telecom: [
    { system: 'phone', value: '1' },
    { system: 'email', value: 'a@example.org' },
  ],
  deceasedDateTime: '2024',
  generalPractitioner: [
    { reference: 'Practitioner/1' },
    { reference: 'http://example.org/fhir/Organization/2' },
    { type: 'Practitioner', display: 'x' },
    { display: 'y' },
    {
      reference: 'urn:uuid:9d3c0b1a-0b1a-4b1a-8b1a-0b1a0b1a0b1a',
      type: 'PractitionerRole',
      display: 'z',
    },
  ],
  link: null,
  extension: [
    { url: 'http://example.org/a.b', valueString: 'x' },
    { url: 'http://example.org/c', valueCode: 'y' },
  ],
}

const values = (
  expression: string,
  type = 'Patient',
  resource: Record<string, unknown> = patient,
) => compilePath(expression, type)?.(resource).map(({ value }) => value)

describe('an expression finds', () => {
  test.each<[string, unknown[]]>([
    ['Patient.active', [true]],
    ['Patient.name.family', ['Rao']],
    ['Patient.name.given', ['Asha', 'Devi', 'Ashu']],
    ['Patient.name[1].given', ['Ashu']],
    ['Patient.name[2].given', []],
    ['Patient.name.first().given', ['Asha', 'Devi']],
    ['Patient.name.given[0]', ['Asha']],
    ['Patient.name.$this.family', ['Rao']],
    ['Patient.link', []],
    ['Patient.active.family', []],
    ['Patient.contact.name', []],
    ['name.family', ['Rao']],
    ["Patient.telecom.where(system='email').value", ['a@example.org']],
    ["Patient.telecom.where(system = 'fax').value", []],
    ['Patient.deceased', ['2024']],
    ['Patient.deceased as dateTime', ['2024']],
    ['(Patient.deceased as dateTime)', ['2024']],
    ['((Patient.deceased as dateTime))', ['2024']],
    ['(Patient.deceased as boolean)', []],
    ['Patient.deceased.as(dateTime)', ['2024']],
    ['Patient.deceased.ofType(boolean)', []],
    ['Patient.deceased.exists()', [true]],
    ['Patient.contact.exists()', [false]],
    ['Patient.deceased.exists() and Patient.deceased != false', [true]],
    ['Patient.contact.exists() and Patient.contact != false', [false]],
    ['Patient.active.exists() and Patient.active != true', [false]],
    ['(Patient.name).family', ['Rao']],
    ['(Patient.name.first()).family', ['Rao']],
    ['Patient.name.family | Patient.name.given', ['Rao', 'Asha', 'Devi', 'Ashu']],
    ['Person.name.family | Patient.active', [true]],
    ['Resource.active', [true]],
    ['DomainResource.active', [true]],
    ["Patient.extension('http://example.org/a.b').value", ['x']],
    ["Patient.extension('http://example.org/none')", []],
    ["Patient.extension.where(url = 'http://example.org/a.b').value", ['x']],
    [
      'Patient.generalPractitioner.where(resolve() is Organization).reference',
      ['http://example.org/fhir/Organization/2'],
    ],
    ['Patient.generalPractitioner.where(resolve() is Practitioner).display', ['x']],
    ['Patient.generalPractitioner.where(resolve() is PractitionerRole).display', ['z']],
    ['Patient', [patient]],
  ])('%s', (expression, found) => {
    expect(values(expression)).toEqual(found)
  })

  test('the type of a choice beside its value', () => {
    expect(compilePath('Patient.deceased', 'Patient')?.(patient)).toEqual([
      { value: '2024', type: 'dateTime' },
    ])
    expect(compilePath('Patient.active', 'Patient')?.(patient)).toEqual([{ value: true }])
  })

  test('the system of a code, whatever is called on it', () => {
    const system = 'http://hl7.org/fhir/name-use'
    for (const call of ['', '.first()', ".where($this = 'usual')", '.where(true)'])
      for (const { system: implied } of compilePath(
        `Patient.name.use${call}`,
        'Patient',
      )?.(patient) ?? [{ system: 'no path' }])
        expect(implied).toBe(system)
  })

  test('a canonical where a uri is asked for, and no uri where a canonical is', () => {
    const source = (key: string, type: string) =>
      values(`ConceptMap.source as ${type}`, 'ConceptMap', {
        resourceType: 'ConceptMap',
        [key]: 'http://example.org/v',
      })
    expect(source('sourceCanonical', 'uri')).toEqual(['http://example.org/v'])
    expect(source('sourceUri', 'uri')).toEqual(['http://example.org/v'])
    expect(source('sourceCanonical', 'canonical')).toEqual(['http://example.org/v'])
    expect(source('sourceUri', 'canonical')).toEqual([])
  })
})

describe('beyond the compiler, but not beyond the engine, are', () => {
  test.each<[string, unknown[]]>([
    ['Patient.active != false', [true]],
    ["Patient.deceased.exists() and Patient.name.family != 'Rao'", [false]],
    ['Patient.name.count()', [2]],
    ['Patient.name.where(family.exists()).family', ['Rao']],
    ["Patient.name.where(use != 'usual').family", ['Rao']],
    // The second name has none, and one text is true.
    ['Patient.name.exists(family)', [true]],
    ["Patient.name.where(family = '\\u0052ao').family", ['Rao']],
    ['Patient.extension(url)', []],
  ])('%s', (expression, expected) => {
    expect(values(expression)).toEqual(expected)
    expect(compilePath(expression, 'Patient')?.ways).toBeUndefined()
  })
})

describe('of no use are', () => {
  test.each([
    'Patient.name.given[x]',
    'Patient.Name',
    'Patient..name',
    '(Patient.name',
    'Patient.name.trace() as string',
    'Person.name',
    'nme.family',
    'status',
    '',
  ])('%s', expression => {
    expect(compilePath(expression, 'Patient')).toBeUndefined()
  })
})

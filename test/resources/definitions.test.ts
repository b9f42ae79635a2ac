import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { compileDefinitions } from '../../resources/definitions/compile.ts'
import {
  choiceTypes,
  codesOf,
  compartmentParameters,
  invariantsOf,
  isResourceType,
  resourceTypes,
  searchParameters,
  structureOf,
  systemOf,
} from '../../resources/definitions.ts'

test('the files beside the code are what the package of HL7 says, compiled', () => {
  for (const [name, content] of Object.entries(compileDefinitions())) {
    const file = new URL(`../../resources/definitions/${name}`, import.meta.url)
    // Compared first: a difference of megabytes says nothing.
    expect(readFileSync(file, 'utf8') === content).toBe(true)
  }
})

test('all definitions together are under 3 MB', () => {
  const size = Object.values(compileDefinitions()).reduce((sum, text) => sum + text.length, 0)
  expect(size).toBeLessThan(3_000_000)
})

describe('R4 has', () => {
  test('146 resource types that exist as themselves', () => {
    expect(resourceTypes().size).toBe(146)
    for (const type of ['Patient', 'Bundle', 'Parameters']) expect(isResourceType(type)).toBe(true)
    for (const type of ['Resource', 'DomainResource', 'HumanName', 'patient', 'toString', ''])
      expect(isResourceType(type)).toBe(false)
  })

  test('elements with their types and how often they come', () => {
    expect(structureOf('Patient')?.elements.name).toMatchObject({
      many: true,
      types: ['HumanName'],
    })
    expect(structureOf('Observation')?.elements.status).toMatchObject({ min: 1, types: ['code'] })
    expect(structureOf('Observation')?.elements.value).toMatchObject({ choice: true })
    expect(structureOf('Patient.contact')?.kind).toBe('backbone')
    expect(structureOf('HumanName')?.kind).toBe('type')
    expect(structureOf('toString')).toBeUndefined()
    expect(structureOf('Wings')).toBeUndefined()
  })

  test('the types of a choice', () => {
    expect(choiceTypes('deceased')).toEqual(expect.arrayContaining(['boolean', 'dateTime']))
    expect(choiceTypes('family')).toEqual([])
  })

  test('the codes that an element is bound to', () => {
    const { codes = '' } = structureOf('Patient')?.elements.gender ?? {}
    expect(codesOf(codes)).toEqual(expect.arrayContaining(['male', 'female', 'other', 'unknown']))
    expect(codesOf('http://example.org/none')).toBeUndefined()
  })

  test('the system of the codes that an element is bound to, where there is one only', () => {
    const gender = 'http://hl7.org/fhir/administrative-gender'
    expect(systemOf(structureOf('Patient')?.elements.gender?.codes ?? '')).toBe(gender)
    expect(systemOf('http://hl7.org/fhir/ValueSet/all-types')).toBeUndefined()
    expect(systemOf('http://example.org/none')).toBeUndefined()
  })

  test('rules as FHIRPath', () => {
    expect(invariantsOf('Observation').map(([key]) => key)).toContain('obs-6')
    expect(invariantsOf('Wings')).toEqual([])
  })

  test('search parameters of a type, those of all resources included', () => {
    const codes = searchParameters('Patient').map(({ code }) => code)
    expect(codes).toEqual(expect.arrayContaining(['family', 'birthdate', '_id', '_lastUpdated']))
    expect(codes).not.toContain('value-quantity')
    expect(searchParameters('Patient')).toBe(searchParameters('Patient'))
  })

  test('the parameters of a compartment', () => {
    expect(compartmentParameters('Patient', 'Observation')).toEqual(['subject', 'performer'])
    expect(compartmentParameters('Patient', 'Organization')).toEqual([])
    expect(compartmentParameters('Wings', 'Observation')).toEqual([])
  })
})

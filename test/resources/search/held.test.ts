import { describe, expect, test } from '@jest/globals'
import type { Resource } from '../../../resources/resource.ts'
import { extract } from '../../../resources/search.ts'

const rowsOf = (resource: object) => extract(resource as Resource).rows
const paramsOf = (resource: object) => new Set(rowsOf(resource).map(({ param }) => param))

const mostLinks = (resource: object) =>
  Math.max(...[...paramsOf(resource)].map(param => param.split('>').length - 1))

const order = (...contained: object[]) => ({
  resourceType: 'MedicationRequest',
  id: 'r',
  medicationReference: { reference: '#med' },
  contained,
})
const med = (manufacturer: string) => ({
  resourceType: 'Medication',
  id: 'med',
  manufacturer: { reference: manufacturer },
})
const org = { resourceType: 'Organization', id: 'org', name: 'Acme', partOf: { reference: '#' } }

describe('the rows of what a resource holds', () => {
  test('stand under the links that lead to it', () => {
    const name = 'medication>Medication.manufacturer>Organization.name'
    expect(rowsOf(order(med('#org'), org))).toContainEqual(
      expect.objectContaining({ kind: 'string', param: name, text: 'acme' }),
    )
    expect(paramsOf(order(med('#other'), org))).not.toContain(name)
  })

  test('are not there where nothing leads to it', () => {
    const without = paramsOf(order(med('Organization/1')))
    expect(paramsOf(order(med('Organization/1'), org))).toEqual(without)
  })

  test('say that # is the container, which refers to nobody by it', () => {
    const rows = rowsOf(order(med('#org'), { ...org, partOf: { reference: '#' } }))
    expect(rows).toContainEqual({
      kind: 'reference',
      param: 'medication>Medication.manufacturer>Organization.partof',
      target: 'MedicationRequest/r',
    })
    expect(rowsOf({ ...order(), basedOn: [{ reference: '#' }] })).not.toContainEqual(
      expect.objectContaining({ target: 'MedicationRequest/r' }),
    )
  })

  test('are those of what an entry of a Bundle contains, whose # is not stored', () => {
    const composition = {
      resourceType: 'Composition',
      id: 'c',
      subject: { reference: '#pat' },
      contained: [
        {
          resourceType: 'Patient',
          id: 'pat',
          gender: 'male',
          generalPractitioner: [{ reference: '#' }],
        },
      ],
    }
    const bundle = { resourceType: 'Bundle', type: 'document', entry: [{ resource: composition }] }
    expect(paramsOf(bundle)).toContain('composition>Composition.subject>Patient.gender')
    expect(rowsOf(bundle)).not.toContainEqual(
      expect.objectContaining({ target: 'Composition/c', param: expect.stringContaining('>') }),
    )
  })

  test('are of at most as many links as a chain has', () => {
    const ring = { resourceType: 'Location', id: 'a', name: 'x', partOf: { reference: '#a' } }
    expect(mostLinks({ ...ring, id: 'l', contained: [ring] })).toBe(8)
  })

  test('are found by one look at each, however many refer to however many', () => {
    let looks = 0
    const contained = Array.from({ length: 200 }, (_, n) => ({
      resourceType: 'Patient',
      get id() {
        looks++
        return `p${n}`
      },
    }))
    const participant = contained.map((_, n) => ({ actor: { reference: `#p${n}` } }))
    const appointment = { resourceType: 'Appointment', id: 'a', participant, contained }
    expect(paramsOf(appointment)).toContain('patient>Patient:present')
    expect(looks).toBeLessThan(10 * contained.length)
  })

  test('are those of the first of several with one id', () => {
    const other = { ...med('#org'), id: 'org' }
    expect(paramsOf(order(med('#org'), org, other))).toEqual(paramsOf(order(med('#org'), org)))
  })

  test('are cut, the longest ways first, where there are too many', () => {
    const ids = Array.from({ length: 10 }, (_, n) => `#o${n}`)
    const all = ids.map(reference => ({ reference }))
    const referring = { focus: all, hasMember: all, derivedFrom: all, code: { text: 'x' } }
    const one = { resourceType: 'Observation', status: 'final', ...referring }
    const contained = ids.map(id => ({ ...one, id: id.slice(1) }))
    const params = [...paramsOf({ ...one, id: 'o', contained })]
    expect(params).toContain(
      'focus>Observation.has-member>Observation.derived-from>Observation.status',
    )
    expect(mostLinks({ ...one, id: 'o', contained })).toBe(3)
  })

  test('are no more than a database replaces at once, however small the ring', () => {
    const next = (id: string, other: string) => {
      const all = [{ reference: other }]
      const refers = { focus: all, hasMember: all, derivedFrom: all }
      return { resourceType: 'Observation', status: 'final', code: { text: id }, id, ...refers }
    }
    const contained = [next('a', '#b'), next('b', '#a')]
    expect(rowsOf({ ...next('o', '#a'), contained }).length).toBeLessThan(10_000)
  })
})

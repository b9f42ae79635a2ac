import { describe, expect, test } from '@jest/globals'
import type { Resource } from '../../../resources/resource.ts'
import { matches } from '../../../resources/search/match.ts'
import { extract } from '../../../resources/search.ts'

const observation = (more: Record<string, unknown>): Resource => ({
  resourceType: 'Observation',
  id: 'o',
  ...more,
})

describe('what a resource has a value for', () => {
  test('is told where no row is made', () => {
    const resource = observation({
      code: { text: 'weight' },
      subject: { display: 'somebody' },
      valueQuantity: { unit: 'kg' },
    })
    const { rows, present } = extract(resource)
    expect(rows.filter(({ kind }) => kind !== 'label')).toEqual([])
    expect(present).toEqual(expect.arrayContaining(['code', 'combo-code', 'subject']))
    expect(present).not.toContain('component-code')
    expect(present).not.toContain('status')
  })

  test('an alias is there only where its own condition holds', () => {
    const of = (reference: string) => extract(observation({ subject: { reference } })).present
    expect(of('Patient/1')).toEqual(['patient', 'subject'])
    expect(of('Group/1')).toEqual(['subject'])
  })

  test('is what :missing asks for', () => {
    const unstored = { type: 'Observation', id: 'o', extract: extract(observation({ code: {} })) }
    expect(matches({ kind: 'present', param: 'code' }, unstored)).toBe(true)
    expect(matches({ kind: 'present', param: 'date' }, unstored)).toBe(false)
  })
})

import { describe, expect, test } from '@jest/globals'
import { resourceTypes } from '../../../resources/definitions.ts'
import type { FhirError } from '../../../resources/error.ts'
import { offersOf } from '../../../resources/search/offers.ts'
import { parseSearch } from '../../../resources/search/parse.ts'

const options = { strict: true, defaultCount: 20, maxCount: 100 }
const read = (type: string | undefined, name: string, value: string) =>
  parseSearch(type, [[name, value]], options)

const values: Readonly<Record<string, string>> = {
  date: '2024',
  number: '1',
  quantity: '1',
  missing: 'true',
  below: 'http://a|b',
  above: 'http://a|b',
  'of-type': 'http://a|b|c',
}

/** R4's, for any type of parameter. */
const modifiers = [
  ...['missing', 'exact', 'contains', 'text', 'not', 'in', 'not-in', 'below', 'above', 'of-type'],
  'identifier',
]

const statusOf = (search: Promise<unknown>): Promise<number> =>
  search.then(
    () => 200,
    (error: FhirError) => {
      // No terminology is there.
      return error.message.endsWith('needs a terminology, and there is none') ? 200 : error.status
    },
  )

describe('what can be asked', () => {
  test('is answered with each modifier that is offered, and with no other', async () => {
    for (const type of resourceTypes())
      for (const { code, type: kind, modifiers: offered, definition } of offersOf(type)) {
        if (!definition || kind === 'special' || kind === 'composite') continue
        for (const modifier of code.startsWith('_') ? offered : modifiers) {
          const id = kind === 'reference' && modifier !== 'missing' ? 'x' : undefined
          const value = id ?? values[modifier] ?? values[kind] ?? 'x'
          const status = await statusOf(read(type, `${code}:${modifier}`, value))
          const answered = offered.includes(modifier) ? [200] : [400, 422]
          expect([type, code, modifier, answered.includes(status)]).toEqual([
            type,
            code,
            modifier,
            true,
          ])
        }
      }
  })

  test('a reference is followed to each type that is offered', async () => {
    for (const type of ['Observation', 'Patient', 'Encounter', 'DiagnosticReport', 'Task'])
      for (const { code, targets } of offersOf(type))
        for (const target of targets) {
          const followed = target === 'Resource' ? 'Patient' : target
          const { where } = (await read(type, `${code}:${followed}._id`, 'a')).query
          expect(where).toEqual([expect.objectContaining({ kind: 'chain', types: [followed] })])
        }
  })

  test('all types have what stands for more than an element', () => {
    const codes = offersOf('Patient').map(({ code }) => code)
    expect(codes).toEqual(expect.arrayContaining(['_text', '_content', '_filter', '_list', '_has']))
    expect(codes).not.toContain('_type')
    expect(offersOf(undefined).map(({ code }) => code)).toContain('_type')
  })

  test('a tenant’s own parameter says where it is defined', () => {
    const facts = { ...{ id: 'x', code: 'blood-group', base: ['Patient'] }, type: 'token' }
    const own = {
      of: () =>
        new Map([
          [
            'blood-group',
            { ...facts, expression: 'Patient.extension', rows: 'r1', url: 'http://a/x' },
          ],
        ]),
      refusal: () => undefined,
    }
    expect(offersOf('Patient', own)).toContainEqual({
      code: 'blood-group',
      type: 'token',
      definition: 'http://a/x',
      modifiers: ['missing', 'text', 'not', 'above', 'below', 'in', 'not-in'],
      targets: [],
    })
  })
})

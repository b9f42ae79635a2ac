import { describe, expect, test } from '@jest/globals'
import { parseSearch } from '../../../resources/search/parse.ts'
import type { Predicate } from '../../../resources/search/query.ts'

const where = async (type: string | undefined, query: string): Promise<Predicate[]> => {
  const params = [...new URLSearchParams(query)] as [string, string][]
  const options = { strict: true, defaultCount: 20, maxCount: 100, base: 'http://here/fhir' }
  return (await parseSearch(type, params, options)).query.where
}

const gender = (code: string): Predicate => ({ kind: 'token', param: 'gender', code })
const not = (predicate: Predicate): Predicate => ({ kind: 'not', not: predicate })
const link = (param: string, ...targets: string[]): Predicate => ({
  kind: 'reference',
  param,
  targets,
})

describe('modifiers', () => {
  test.each<[string, string, Predicate]>([
    ['Patient', 'gender:not=male', not(gender('male'))],
    [
      'Patient',
      'gender:not=male,female',
      not({ kind: 'or', any: [gender('male'), gender('female')] }),
    ],
    ['Patient', 'gender:missing=false', { kind: 'present', param: 'gender' }],
    ['Patient', 'gender:missing=true', not({ kind: 'present', param: 'gender' })],
    ['Patient', 'birthdate:missing=true', not({ kind: 'present', param: 'birthdate' })],
    ['Observation', 'patient:missing=false', { kind: 'present', param: 'patient' }],
    ['Observation', 'value-quantity:missing=false', { kind: 'present', param: 'value-quantity' }],
    [
      'Observation',
      'code-value-quantity:missing=false',
      { kind: 'present', param: 'code-value-quantity' },
    ],
    ['Patient', '_tag:missing=true', not({ kind: 'present', param: '_tag' })],
    ['Patient', '_id:missing=true', { kind: 'or', any: [] }],
    ['Patient', '_id:missing=false', { kind: 'and', all: [] }],
    ['Patient', '_lastUpdated:missing=false', { kind: 'and', all: [] }],
    ['Patient', '_id=a,b,a', { kind: 'id', ids: ['a', 'b'] }],
    ['Patient', '_id:not=a,b', not({ kind: 'id', ids: ['a', 'b'] })],
    [
      'Patient',
      'name:contains=A\\,B',
      { kind: 'string', param: 'name', text: 'a,b', match: 'contains' },
    ],
    ['Patient', 'name:exact=Ra', { kind: 'string', param: 'name', text: 'Ra', match: 'exact' }],
    [
      'Patient',
      'name:text=Rao',
      {
        kind: 'or',
        any: [
          { kind: 'string', param: 'name', text: 'rao', match: 'starts' },
          { kind: 'string', param: 'name', text: ' rao', match: 'contains' },
        ],
      },
    ],
    ['Observation', 'code:text=Blood Sugar', { kind: 'label', param: 'code', text: 'blood sugar' }],
    [
      'Patient',
      'identifier:of-type=http://t|MR|1\\|2',
      {
        kind: 'token',
        param: 'identifier:of-type',
        first: { system: 'http://t', code: 'MR' },
        code: '1|2',
      },
    ],
    [
      'Observation',
      'subject:identifier=http://s|1',
      { kind: 'token', param: 'subject:identifier', system: 'http://s', code: '1' },
    ],
    [
      'Observation',
      'patient:identifier=1',
      {
        kind: 'and',
        all: [
          { kind: 'token', param: 'subject:identifier', code: '1' },
          { kind: 'present', param: 'patient' },
        ],
      },
    ],
    ['Observation', 'subject:text=Asha', { kind: 'label', param: 'subject', text: 'asha' }],
    ['Observation', 'subject:Patient=1,2', link('subject', 'Patient/1', 'Patient/2')],
    [
      'ValueSet',
      'url:below=http://a/b',
      { kind: 'uri', param: 'url', uri: 'http://a/b', match: 'below' },
    ],
    [
      'ValueSet',
      'url:above=http://a/b',
      { kind: 'uri', param: 'url', uri: 'http://a/b', match: 'above' },
    ],
    [
      'Observation',
      'combo-code:not=1',
      not({
        kind: 'or',
        any: ['code', 'component-code'].map(param => ({ kind: 'token', param, code: '1' })),
      }),
    ],
  ])('%s?%s', async (type, query, predicate) => {
    expect(await where(type, query)).toEqual([predicate])
  })

  test.each([
    ['Patient', 'gender:missing=yes', 400, 'gender:missing takes true or false'],
    ['Patient', 'gender:missing=true,false', 400, 'gender:missing takes true or false'],
    ['Patient', 'gender:missing=', 400, 'gender:missing is empty'],
    ['Patient', 'gender:exact=male', 400, 'gender:exact: a token parameter has no such modifier'],
    ['Patient', 'gender:identifier=male', 400, 'no such modifier'],
    ['Patient', 'name:not=x', 400, 'no such modifier'],
    ['Patient', `name:${'x'.repeat(5000)}=`, 400, 'name is empty'],
    ['Patient', 'name:below=x', 400, 'no such modifier'],
    ['Patient', 'birthdate:not=2020', 400, 'no such modifier'],
    ['Patient', 'birthdate:below=2020', 400, 'no such modifier'],
    ['Observation', 'value-quantity:exact=1', 400, 'no such modifier'],
    ['Observation', 'subject:not=Patient/1', 400, 'no such modifier'],
    ['Observation', 'subject:Organization=1', 400, 'does not refer to resources of type'],
    [
      'Observation',
      'subject:type=1',
      400,
      'subject takes :missing, :identifier, :text, :above, :below, :[type]',
    ],
    ['Patient', 'name:__proto__=x', 400, 'no such modifier'],
    ['Patient', 'name:constructor=x', 400, 'no such modifier'],
    ['Patient', 'gender:toString=x', 400, 'no such modifier'],
    ['Patient', 'name:Asha Rao=x', 400, 'name: a string parameter has no such modifier'],
    ['Patient', '_id:in=x', 422, '_id:in: :in does not work on _id, which takes :missing, :not'],
    ['Patient', 'gender:of-type=a|b|c', 422, 'gender:of-type: :of-type does not work on gender'],
    ['Patient', '_id:of-type=a|b|c', 422, '_id:of-type'],
    ['Patient', '_id:exact=a', 400, 'no such modifier'],
    ['Patient', '_text:exact=a', 422, '_text: :exact does not work on _text'],
    ['Patient', '_content:missing=true', 422, '_content: :missing does not work'],
    ['Patient', '_text:below=a', 400, '_text takes no modifier'],
    ['Patient', 'identifier:of-type=a|b', 400, 'takes system|code|value'],
    ['Patient', 'identifier:of-type=|b|c', 400, 'takes system|code|value'],
    ['Patient', 'identifier:of-type=a|b|', 400, 'takes system|code|value'],
    ['Observation', 'code:below=1', 400, 'takes system|code'],
    ['Observation', 'code:below=http://a|', 400, 'takes system|code'],
    ['Observation', 'code:in=http://a', 422, 'code:in needs a terminology'],
    ['Observation', 'code:not-in=http://a', 422, 'code:not-in needs a terminology'],
    ['Observation', 'code:in=', 400, 'code:in is empty'],
    ['Observation', 'code:text=', 400, 'code:text is empty'],
    ['Observation', 'code:text=%20', 400, 'code:text is empty'],
  ])('%s?%s is refused', async (type, query, status, words) => {
    await expect(where(type, query)).rejects.toThrow(
      expect.objectContaining({ status, message: expect.stringContaining(words) }),
    )
  })

  test('many codes are a list, of each parameter and system', async () => {
    const codes = Array.from({ length: 20 }, (_, n) => `${n % 2 ? 'http://a|' : ''}c${n}`)
    const half = (rest: number) => codes.map((_, n) => `c${n}`).filter((_, n) => n % 2 === rest)
    expect(await where('Observation', `code=${codes.join()}`)).toEqual([
      {
        kind: 'or',
        any: [
          { kind: 'codes', param: 'code', codes: half(0) },
          { kind: 'codes', param: 'code', system: 'http://a', codes: half(1) },
        ],
      },
    ])
    const plain = half(0).join()
    const list = { kind: 'codes', param: 'code', codes: half(0) }
    expect(await where('Observation', `code=${plain}`)).toEqual([list])
    expect(await where('Observation', `code:not=${plain}`)).toEqual([{ kind: 'not', not: list }])
  })

  test('five thousand values and six hundred conditions are taken, more are refused', async () => {
    const many = (count: number) => Array.from({ length: count }, (_, n) => `x${n}`).join()
    expect(await where('Patient', `identifier=${many(5000)}`)).toHaveLength(1)
    expect(await where('Patient', `name=${many(1100)}`)).toHaveLength(1)
    const tooMany = (query: string, words: string) =>
      expect(where('Patient', query)).rejects.toThrow(
        expect.objectContaining({ status: 422, message: expect.stringContaining(words) }),
      )
    await tooMany(`identifier=${many(5001)}`, '5000 values at most')
    await tooMany(`name=${many(550)}&family=${many(551)}`, '1100 conditions at most')
    await tooMany(`_text=${many(1101)}`, '1100 conditions at most')
  })

  test('a modifier that nobody knows is not repeated', async () => {
    await expect(where('Patient', 'name:Asha Rao=x')).rejects.not.toThrow(/Rao/)
  })
})

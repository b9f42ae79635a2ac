import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { parseJson } from '../../../resources/json.ts'
import { same } from '../../../resources/write/drop-unchanged.ts'

describe('the same to FHIR:', () => {
  test.each([
    ['{"a":1,"b":2}', '{"b":2,"a":1}'],
    ['[1,{"a":[null]}]', '[1,{"a":[null]}]'],
    ['1.00', '1.00'],
    ['"é"', '"\\u00e9"'],
    ['{}', '{}'],
  ])('%s and %s', (a, b) => {
    expect(same(parseJson(a), parseJson(b))).toBe(true)
  })
})

describe('not the same:', () => {
  test.each([
    ['1.0', '1.00'],
    ['1', '1.0'],
    ['[1,2]', '[2,1]'],
    ['[1]', '[1,2]'],
    ['[]', '{}'],
    ['{}', '[]'],
    ['{"a":1}', '{"a":1,"b":null}'],
    ['{"a":1}', '{"b":1}'],
    ['{"toString":1}', '{"a":1}'],
    ['null', '{}'],
    ['{"a":{}}', '{"a":1.0}'],
    ['"1"', '1'],
    ['true', 'false'],
  ])('%s and %s', (a, b) => {
    expect(same(parseJson(a), parseJson(b))).toBe(false)
  })
})

test('a value is the same as its copy, and not as one with a change inside', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), value => {
      expect(same(value, JSON.parse(JSON.stringify(value)))).toBe(true)
      expect(same([{ a: value }], [{ a: value, b: 1 }])).toBe(false)
    }),
  )
})

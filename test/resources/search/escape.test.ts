import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { splitEscaped, unescaped } from '../../../resources/search/escape.ts'

test.each([
  ['a,b', ['a', 'b']],
  ['a\\,b', ['a,b']],
  ['a\\\\,b', ['a\\', 'b']],
  ['a\\\\\\,b', ['a\\,b']],
  [',a,', ['', 'a', '']],
  ['', ['']],
  ['a\\', ['a\\']],
  ['a\\|b\\$c', ['a|b$c']],
  ['a\\nb', ['a\\nb']],
])('%j is the values %j', (text, values) => {
  expect(splitEscaped(text, ',').map(unescaped)).toEqual(values)
})

test('values that were escaped come back as they were, whatever they hold', () => {
  const value = fc.string({ unit: fc.constantFrom(',', '|', '$', '\\', 'a', 'ब', '😀') })
  fc.assert(
    fc.property(fc.array(value, { minLength: 1 }), values => {
      const text = values.map(each => each.replace(/[,|$\\]/g, '\\$&')).join(',')
      expect(splitEscaped(text, ',').map(unescaped)).toEqual(values)
    }),
  )
})

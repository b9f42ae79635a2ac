import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { fold } from '../../../resources/search/fold.ts'

describe('strings are the same to a search:', () => {
  test.each([
    ['Asha', 'ASHA'],
    ['Müller', 'muller'],
    ['Mu\u0308ller', 'Müller'],
    ['José', 'jose'],
    ['ÅNGSTRÖM', 'angstrom'],
    ['ｆｕｌｌ １２', 'full 12'],
    ['ﬁn', 'fin'],
    ['  two   words ', 'two words'],
    ['tab\tand\nline', 'tab and line'],
    ['४२', '42'],
    ['٤٢', '42'],
    ['𝟒𝟐', '42'],
    ['৪২', '42'],
    ['ज़', 'ज\u093c'],
    ['zero\u200bwidth', 'zerowidth'],
  ])('%j and %j', (a, b) => {
    expect(fold(a)).toBe(fold(b))
  })
})

describe('strings stay apart:', () => {
  test.each([
    ['राव', 'रव'],
    ['की', 'कि'],
    ['asha', 'isha'],
    ['1', '2'],
    ['a b', 'ab'],
  ])('%j and %j', (a, b) => {
    expect(fold(a)).not.toBe(fold(b))
  })
})

test('folding twice is folding once', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), text => {
      expect(fold(fold(text))).toBe(fold(text))
    }),
    { numRuns: 2000 },
  )
})

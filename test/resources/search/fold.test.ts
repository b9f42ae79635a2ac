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
    // Letters with a stroke, and two in one, which Unicode does not take apart.
    ['Łukasz Ørsted', 'lukasz orsted'],
    ['Đặng', 'dang'],
    ['STRAẞE', 'strasse'],
    ['Weiß', 'WEISS'],
    ['Æther œuvre', 'aether oeuvre'],
    ['Yıldız', 'YILDIZ'],
    ['ΚΩΣ', 'κωσ'],
    ['κως', 'ΚΩΣ'],
    ['  two   words ', 'two words'],
    ['tab\tand\nline', 'tab and line'],
    ['४२', '42'],
    ['٤٢', '42'],
    ['𝟒𝟐', '42'],
    ['৪২', '42'],
    ['ज़', 'ज\u093c'],
    ['zero\u200bwidth', 'zerowidth'],
    // A letter with its nukta, and the two beside each other: Devanagari, Bengali, Gurmukhi, Odia.
    ['\u0958लम', 'क\u093cलम'],
    ['\u095eोन', 'फ\u093cोन'],
    ['\u0929', 'न\u093c'],
    ['বা\u09dcি', 'বাড\u09bcি'],
    ['\u09af\u09bc', '\u09df'],
    ['\u0a36ਹਿਰ', 'ਸ\u0a3cਹਿਰ'],
    ['\u0a5b', 'ਜ\u0a3c'],
    ['\u0b5c', 'ଡ\u0b3c'],
    // Vowel signs of two parts: Bengali, Tamil, Malayalam, Kannada.
    ['ক\u09c7\u09be', 'কো'],
    ['க\u0bc6\u0bbe', 'கொ'],
    ['கெ\u0bd7', 'கௌ'],
    ['ക\u0d46\u0d3e', 'കൊ'],
    ['ಕ\u0cc6\u0cc2', 'ಕೊ'],
    // Joiners say how a conjunct looks, not what it is.
    ['क\u094d\u200dष', 'क्ष'],
    ['क\u094d\u200cष', 'क्ष'],
    ['ਕ\u0a4d\u200dਰ', 'ਕ੍ਰ'],
    // Letters without their vowel, as they are written now and as they were.
    ['ত\u09cd\u200d', 'ৎ'],
    ['അനില\u0d4d\u200d', 'അനിൽ'],
    ['അനില\u0d4d', 'അനിൽ'],
    ['௧௨', '12'],
    ['੧੨', '12'],
    ['൧൨', '12'],
  ])('%j and %j', (a, b) => {
    expect(fold(a)).toBe(fold(b))
  })
})

describe('strings stay apart:', () => {
  test.each([
    ['राव', 'रव'],
    ['की', 'कि'],
    ['कं', 'क'],
    ['कँ', 'कं'],
    ['क्', 'क'],
    ['क़', 'क'],
    ['தமிழ்', 'தமழ'],
    ['கா', 'கெ'],
    ['বাংলা', 'বালা'],
    ['ਪੰਜਾਬੀ', 'ਪਜਾਬੀ'],
    ['ਸੱਤ', 'ਸਤ'],
    ['మా', 'మ'],
    ['സ്ത്രീ', 'സത്രീ'],
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

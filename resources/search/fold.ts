/**
 * How strings are compared in a search: without case, accents and width, in any script's digits. Vowel signs of Indic
 * scripts are kept: they carry meaning. https://hl7.org/fhir/R4/search.html#string
 */

/** Accents, and what is not seen. */
const combining =
  /[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f\u200b-\u200d\u2060\ufeff]/g

/** The points of Hebrew and Arabic letters: vowels that are seldom written. */
const points = /(?=[\u0590-\u06ff])\p{M}/gu

/** Letters for a consonant without its vowel, which older texts write as the consonant, a virama and perhaps a joiner. */
const vowelless: Readonly<Record<string, string>> = {
  '\u09ce': '\u09a4\u09cd',
  '\u0d7a': '\u0d23\u0d4d',
  '\u0d7b': '\u0d28\u0d4d',
  '\u0d7c': '\u0d30\u0d4d',
  '\u0d7d': '\u0d32\u0d4d',
  '\u0d7e': '\u0d33\u0d4d',
  '\u0d7f': '\u0d15\u0d4d',
}

/** Letters with a stroke, two letters in one, and other shapes of one: what Unicode does not take apart. */
const whole: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ħ: 'h',
  ŧ: 't',
  ı: 'i',
  ς: 'σ',
}

/** The text as it is indexed and looked for. */
export function fold(text: string): string {
  if (isPlain(text)) return text.toLowerCase().trim()
  return text
    .normalize('NFKD')
    .replace(combining, '')
    .replace(points, '')
    .toLowerCase()
    .normalize('NFC')
    .replace(/[ßæœøłđħŧıς]/g, letter => whole[letter] ?? letter)
    .replace(/[\u09ce\u0d7a-\u0d7f]/g, letter => vowelless[letter] ?? letter)
    .replace(/[^\P{Nd}0-9]/gu, digit)
    .replace(/\s+/g, ' ')
    .trim()
}

function isPlain(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code > 126 || code < 32 || (code === 32 && text.charCodeAt(index + 1) === 32)) return false
  }
  return true
}

/** Each script's decimal digits stand in a row of ten that begins at a multiple of ten past the zero. */
function digit(character: string): string {
  const code = character.codePointAt(0) ?? 0
  let zero = code
  while (code - zero < 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero--
  return String((code - zero) % 10)
}

/** Its words as they are compared, one space between each: for texts of any length. */
export const foldWords = (text: string): string =>
  fold(text)
    .replace(/[^\p{L}\p{M}\p{N}\p{Co}]+/gu, ' ')
    .trim()

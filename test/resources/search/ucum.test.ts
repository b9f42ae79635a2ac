import { createRequire } from 'node:module'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { decimalKey } from '../../../resources/search/decimal.ts'
import { canonicalOf, convert } from '../../../resources/search/ucum.ts'

/** The key and unit that an amount is found by. */
function found(amount: string, code: string): string | undefined {
  const canonical = canonicalOf(code)
  const converted = canonical?.of(amount)
  return converted && `${decimalKey(converted)} ${canonical?.unit}`
}

describe('the same amounts are the same:', () => {
  test.each<[string, string, string, string]>([
    ['5.4', 'mg/dL', '0.054', 'g/L'],
    ['5.4', 'mg/dL', '54', 'ug/mL'],
    ['98.6', '[degF]', '37', 'Cel'],
    ['37.0', 'Cel', '310.15', 'K'],
    ['-40', 'Cel', '-40', '[degF]'],
    ['-273.15', 'Cel', '0', 'K'],
    ['60', '/min', '1', '/s'],
    ['1', '/h', '24', '/d'],
    ['7', '/wk', '1', '/d'],
    ['1', '[lb_av]', '453.59237', 'g'],
    ['1', '[in_i]', '2.54', 'cm'],
    ['1', '[ft_i]', '12', '[in_i]'],
    ['120', 'mm[Hg]', '15.99864', 'kPa'],
    ['4.5', '10*3/uL', '4.5', '10*9/L'],
    ['4.5', '10^3/uL', '4500', '/mm3'],
    ['5', '%', '0.05', '1'],
    ['1', 'U/L', '1', 'umol/min/L'],
    ['60', 'U', '1', 'umol/s'],
    ['3', 'm[IU]/mL', '3', '[IU]/L'],
    ['3', '[IU]/L', '3', '[iU]/L'],
    ['1', 'mg{creatinine}/dL', '10', 'mg/L'],
    ['2', '{score}', '2', '1'],
    ['1', 'kg.m/s2', '1', 'N'],
    ['1', 'kg/(m.s2)', '1', 'Pa'],
    ['1', 'cal', '4.184', 'J'],
    ['1e-7', 'kg', '0.1', 'mg'],
    ['0', 'mg', '0', 'kg'],
    ['-2.50', 'mm', '-0.25', 'cm'],
    ['0.1', 'h', '6', 'min'],
    ['100', '[degRe]', '125', 'Cel'],
  ])('%s %s and %s %s', (amount, code, other, unit) => {
    expect(found(amount, code)).toBeDefined()
    expect(found(amount, code)).toBe(found(other, unit))
  })
})

describe('not the same are', () => {
  test.each<[string, string, string, string]>([
    ['5', 'mg', '5', 'mL'],
    ['5', '[iU]', '5', '1'],
    ['5', '[iU]', '5', "[arb'U]"],
    ['5', 'mg/dL', '5', 'mmol/L'],
    ['5.4', 'mg/dL', '5.4', 'mg/L'],
    ['37', 'Cel', '37', 'K'],
  ])('%s %s and %s %s', (amount, code, other, unit) => {
    expect(found(amount, code)).toBeDefined()
    expect(found(amount, code)).not.toBe(found(other, unit))
  })
})

test.each([
  '',
  'IU/mL',
  'mg/',
  '/',
  '(mg',
  'mg)',
  'mg dL',
  'mg//dL',
  'mg/.dL',
  '2mg',
  '{open',
  'µg',
  '[pH]',
  'dB',
  'mCel',
  'Cel/min',
  'constructor',
  '__proto__',
  'x'.repeat(200),
])('%j has no base units', code => {
  expect(canonicalOf(code)).toBeUndefined()
})

test('numbers and units beyond all measure are not converted', () => {
  expect(canonicalOf('mg')?.of('1e9999')).toBeUndefined()
  expect(canonicalOf('mg')?.of('9'.repeat(500))).toBeUndefined()
  expect(canonicalOf(Array(15).fill('Ym99').join('.'))).toBeUndefined()
})

test('every unit of the library that is a multiple of base units is of the size it says, or left out', () => {
  const { UcumLhcUtils, UnitTables } = createRequire(import.meta.url)('@lhncbc/ucum-lhc')
  UcumLhcUtils.getInstance()
  const units = Object.entries(UnitTables.getInstance().unitCodes_) as [
    string,
    { magnitude_: number; isSpecial_: boolean },
  ][]
  const left: string[] = []
  for (const [code, { magnitude_: size, isSpecial_: special }] of units) {
    if (special) continue
    const own = Number(canonicalOf(code)?.of('1') ?? 'NaN')
    if (Number.isNaN(own)) left.push(code)
    else expect([code, Math.abs(own / size - 1) < 1e-9]).toEqual([code, true])
  }
  expect(units.length - left.length).toBeGreaterThan(700)
  // Those with a definition that is not whole in the library, or that begin with a number after a slash and a remark.
  expect(left.filter(code => /^[a-z%]/i.test(code)).sort()).toEqual([
    'Gb',
    'L/(min.m2) ',
    'Oe',
    'g/kg ',
  ])
})

const codes = ['mg/dL', 'mm[Hg]', '[degF]', 'Cel', '/min', 'mmol/L', '[lb_av]', 'kat'] as const

test('order stays, and what is converted is the same however it is written', () => {
  const amount = fc.record({
    sign: fc.constantFrom('', '-'),
    digits: fc.bigInt({ min: 0n, max: 10n ** 18n }),
    power: fc.integer({ min: -12, max: 12 }),
  })
  fc.assert(
    fc.property(fc.constantFrom(...codes), amount, amount, (code, a, b) => {
      const text = ({ sign, digits, power }: typeof a) => `${sign}${digits}e${power}`
      const key = (written: string) => decimalKey(canonicalOf(code)?.of(written) ?? '')
      const [left, right] = [decimalKey(text(a)), decimalKey(text(b))]
      if (left < right) expect(key(text(a)) <= key(text(b))).toBe(true)
      if (left === right) expect(key(text(a))).toBe(key(text(b)))
      expect(key(`${a.sign}${a.digits}0e${a.power - 1}`)).toBe(key(text(a)))
    }),
    { numRuns: 500 },
  )
})

describe('an amount in another unit', () => {
  test.each<[string, string, string, string]>([
    ['7', '/min', '/h', '420'],
    ['1', '/h', '/min', '0.01666666666666666666666666666666666666667'],
    ['37', 'Cel', '[degF]', '98.6'],
    ['98.6', '[degF]', 'Cel', '37'],
    ['100', '[degRe]', '[degF]', '257'],
    ['-40', '[degF]', 'Cel', '-40'],
    ['120', 'mm[Hg]', 'kPa', '15.99864'],
    ['5.4', 'mg/dL', 'g/L', '0.054'],
    ['0', 'K', 'Cel', '-273.15'],
    ['1', 'kat', 'U', '60000000'],
  ])('%s %s in %s is %s', (amount, from, to, there) => {
    expect(decimalKey(convert(amount, from, to) ?? '')).toBe(decimalKey(there))
  })

  test('there is none where the dimension is another', () => {
    expect(convert('1', 'mg', 'mL')).toBeUndefined()
    expect(convert('1', 'mg', 'nonsense')).toBeUndefined()
    expect(convert('1e9999', 'mg', 'g')).toBeUndefined()
  })

  test('and back is what it was, where it ends', () => {
    const pairs = fc.constantFrom(['mg/dL', 'g/L'], ['[degF]', 'Cel'], ['/h', '/min'], ['U', 'kat'])
    fc.assert(
      fc.property(pairs, fc.integer(), ([from = '', to = ''], amount) => {
        const there = convert(`${amount}e-3`, from, to) ?? ''
        const back = convert(there, to, from) ?? ''
        const key = decimalKey(back)
        if (there.replace(/e.*/, '').length < 40) expect(key).toBe(decimalKey(`${amount}e-3`))
        else expect(Number(back)).toBeCloseTo(amount / 1000, 9)
      }),
    )
  })
})

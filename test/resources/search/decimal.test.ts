import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  approximateRange,
  decimalKey,
  impliedRange,
  openHigh,
  openLow,
} from '../../../resources/search/decimal.ts'

/** Numerator of the decimal over 10^60. */
function exact(text: string): bigint {
  const [, sign = '', whole = '', fraction = '', power = '0'] =
    /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  const value = BigInt(whole + fraction) * 10n ** BigInt(60 - fraction.length + Number(power))
  return sign === '-' ? -value : value
}

const decimal = fc
  .record({
    sign: fc.constantFrom('', '-'),
    whole: fc.oneof(fc.constant('0'), fc.bigInt(1n, 10n ** 28n).map(String)),
    fraction: fc.oneof(fc.constant(''), fc.stringMatching(/^\.\d{1,25}$/)),
    power: fc.oneof(
      fc.constant(''),
      fc.integer({ min: -30, max: 30 }).map(n => `e${n}`),
    ),
  })
  .map(({ sign, whole, fraction, power }) => sign + whole + fraction + power)

const order = <T>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0)

describe('the key of a decimal', () => {
  test('orders as the numbers do, for any number of digits', () => {
    fc.assert(
      fc.property(decimal, decimal, (a, b) => {
        expect(order(decimalKey(a), decimalKey(b))).toBe(order(exact(a), exact(b)))
      }),
      { numRuns: 2000 },
    )
  })

  test('tells numbers apart that differ in their last digit only', () => {
    fc.assert(
      fc.property(
        fc.bigInt(-(10n ** 30n), 10n ** 30n),
        fc.integer({ min: -60, max: 20 }),
        (n, e) => {
          expect(decimalKey(`${n}e${e}`) < decimalKey(`${n + 1n}e${e}`)).toBe(true)
        },
      ),
      { numRuns: 1000 },
    )
  })

  test.each([
    ['1.00', '1'],
    ['0.10', '1e-1'],
    ['120', '1.2E+2'],
    ['0', '-0.000'],
    ['0e5', '0'],
    ['+5', '5'],
    ['-0.50', '-5e-1'],
  ])('%s and %s are one number', (a, b) => {
    expect(decimalKey(a)).toBe(decimalKey(b))
  })

  test.each([
    [['-1e50', '-1e21', '-1e20', '-1', '-1e-19', '-1e-22', '-1e-50', '0']],
    [['0', '1e-50', '1e-22', '1e-19', '1', '1e20', '1e21', '1e50', '1e400']],
  ])('orders far exponents: %j', numbers => {
    const keys = numbers.map(decimalKey)
    expect([...keys].sort(order)).toEqual(keys)
  })

  test('lies between the open ends of a range', () => {
    for (const text of ['-1e9999', '-1', '0', '1', '1e9999']) {
      expect(openLow < decimalKey(text)).toBe(true)
      expect(decimalKey(text) < openHigh).toBe(true)
    }
  })
})

const between = ({ low, high }: { low: string; high: string }) => [exact(low), exact(high)]

describe('the range a number of a search stands for', () => {
  test.each([
    ['100', '99.5', '100.5'],
    ['100.00', '99.995', '100.005'],
    ['1e2', '50', '150'],
    ['1.0e2', '95', '105'],
    ['5.4', '5.35', '5.45'],
    ['-5.4', '-5.45', '-5.35'],
    ['0', '-0.5', '0.5'],
    ['5.40e-3', '0.005395', '0.005405'],
  ])('%s is %s to %s', (text, low, high) => {
    expect(between(impliedRange(text))).toEqual([exact(low), exact(high)])
  })

  test.each([
    ['100', '90', '110'],
    ['-100', '-110', '-90'],
    ['0', '0', '0'],
    ['5.40', '4.86', '5.94'],
    ['1e2', '90', '110'],
  ])('about %s is %s to %s', (text, low, high) => {
    expect(between(approximateRange(text))).toEqual([exact(low), exact(high)])
  })
})

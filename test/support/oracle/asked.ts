/** Values that searches ask for, with a modifier or none: near to what resources hold. */
import fc from 'fast-check'
import { codes, days, decimals, systems, texts, times, ucum, uris } from './stored.ts'

export type Kind =
  | 'id'
  | 'date'
  | 'number'
  | 'quantity'
  | 'string'
  | 'token'
  | 'uri'
  | 'reference'
  | 'composite'
  | 'near'

type Value = fc.Arbitrary<[modifier: string, value: string]>

const escaped = (text: string): string => text.replace(/[\\,|$]/g, '\\$&')

/** One, or several between commas. */
const any = (one: fc.Arbitrary<string>) =>
  fc.oneof(
    { weight: 4, arbitrary: one },
    {
      weight: 1,
      arbitrary: fc.array(one, { minLength: 2, maxLength: 3 }).map(all => all.join(',')),
    },
  )

const prefix = fc.constantFrom('', '', 'eq', 'ne', 'gt', 'ge', 'lt', 'le', 'sa', 'eb', 'ap')
const plain = (one: fc.Arbitrary<string>): Value => any(one).map(value => ['', value])

const date = fc
  .tuple(
    prefix,
    fc.constantFrom(
      ...days,
      ...times,
      '2025',
      '2024-05-01T10:00Z',
      '2024-05-01T00:00:00Z',
      '2025-01-01T12:00:00Z',
    ),
  )
  .map(([before, value]) => before + value)
export const dateValue = plain(date)

const number = fc
  .tuple(prefix, fc.constantFrom(...decimals, '1.00e2', '5.449', '-2'))
  .map(([before, value]) => before + value)
export const numberValue = plain(number)

const quantity = fc
  .tuple(
    number,
    fc.constantFrom(
      '',
      '',
      `|${ucum}|mg`,
      `|${ucum}|mmol/L`,
      `|${ucum}|g`,
      '||mg',
      '||milligram',
      '|http://other|mg',
    ),
  )
  .map(([value, unit]) => value + unit)
export const quantityValue = plain(quantity)

const part = fc.oneof(
  fc.constantFrom(...texts),
  fc.constantFrom(
    'r',
    'rao',
    'RAÓ',
    'cruz',
    'de la',
    'sh',
    'शर',
    'रमा',
    '%',
    '_',
    '.',
    '-',
    'o',
    "'n",
  ),
)
export const stringValue: Value = fc
  .tuple(fc.constantFrom('', '', 'exact', 'contains'), any(part.map(escaped)))
  .map(([modifier, value]) => [modifier, value])

const token = fc
  .tuple(
    fc.constantFrom('code', 'code', 'both', 'none', 'system'),
    fc.constantFrom(...systems),
    fc.constantFrom(
      ...codes,
      'male',
      'final',
      'finished',
      'active',
      'true',
      'false',
      'draft',
      'A',
      'a',
    ),
  )
  .map(([form, system, code]) => {
    if (form === 'code') return escaped(code)
    if (form === 'both') return `${system}|${escaped(code)}`
    return form === 'none' ? `|${escaped(code)}` : `${system}|`
  })
export const tokenValue: Value = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(fc.constantFrom('', '', '', 'not'), any(token)),
  },
  {
    weight: 1,
    arbitrary: any(part.map(escaped)).map((value): [string, string] => ['text', value]),
  },
)

export const uriValue: Value = fc.oneof(
  plain(fc.constantFrom(...uris)),
  fc.tuple(fc.constantFrom('below', 'above'), any(fc.constantFrom(...uris, 'http://a.org'))),
)

const ids = fc.constantFrom('1', '2', '3')

/** Of a parameter that leads to these types. */
export function referenceValue(types: string[]): Value {
  const named = fc
    .tuple(
      fc.constantFrom('', 'http://127.0.0.1/fhir/', 'http://other.org/fhir/'),
      fc.constantFrom(...types),
      ids,
    )
    .map(([base, type, id]) => `${base}${type}/${id}`)
  return fc.oneof(
    plain(ids),
    plain(named),
    fc.tuple(fc.constantFrom(...types), any(ids)),
    any(token).map((value): [string, string] => ['identifier', value]),
  )
}

export const compositeValue = plain(
  fc.tuple(token, quantity).map(([code, value]) => `${code}$${value}`),
)

/** Values that resources hold, from few. */
import fc from 'fast-check'
import { spanOf } from './values.ts'

/** Any of them, and at least one. */
const optional = <T extends object>(own: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(own, { requiredKeys: [] }).filter(one => Object.keys(one).length > 0)

export const texts = [
  'Rao',
  'RAO',
  'Raó',
  'Ra',
  'Rao-Sharma',
  'de la Cruz',
  'De  La',
  'शर्मा',
  'शर्म',
  "O'Neil",
  'a,b',
  'a|b',
  'a$b',
  'a\\b',
  '50%',
  '.*',
]
export const text = fc.constantFrom(...texts)

export const days = [
  '2023',
  '2024',
  '2024-05',
  '2024-05-01',
  '2024-05-31',
  '2024-06-01',
  '2023-12-31',
  '1900-01-01',
]
export const times = [
  '2024-05-01T10:00:00Z',
  '2024-05-01T15:30:00+05:30',
  '2024-05-01T10:00:00.250Z',
  '2024-04-30T20:00:00Z',
  '2024-05-01T23:59:59Z',
  '2024-12-31T23:00:00-02:00',
]
export const date = fc.constantFrom(...days)
export const dateTime = fc.constantFrom(...days, ...times)
const begin = (text: string): number => spanOf(text, 'UTC')?.start ?? 0

/** The end is not before the start. */
export const period = optional({ start: dateTime, end: dateTime }).filter(
  ({ start, end }) => !start || !end || begin(start) <= begin(end),
)

export const decimals = [
  '0',
  '1',
  '5',
  '5.0',
  '5.4',
  '5.40',
  '5.45',
  '-2.5',
  '100',
  '99.5',
  '100.5',
  '100.00',
  '0.1',
  '0.005',
  '0.0054',
  '0.123456789012345678901234567890',
  '1e2',
  '1.5e-7',
]
/** With its digits. */
export const decimal = fc.constantFrom(...decimals).map(digits => JSON.rawJSON(digits))

export const ucum = 'http://unitsofmeasure.org'
export const quantity = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      value: decimal,
      unit: fc.constantFrom('mg', 'milligram'),
      system: fc.constant(ucum),
      code: fc.constantFrom('mg', 'g', 'mmol/L'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ value: decimal }) },
  { weight: 1, arbitrary: fc.record({ value: decimal, unit: fc.constant('mg') }) },
  {
    weight: 1,
    arbitrary: fc.record({
      value: decimal,
      comparator: fc.constantFrom('<', '<=', '>=', '>'),
      system: fc.constant(ucum),
      code: fc.constant('mg'),
    }),
  },
)

export const systems = ['http://a', 'http://b']
export const codes = ['1', '2', 'x', 'X', 'a|b', 'a,b']
export const coding = optional({
  system: fc.constantFrom(...systems),
  code: fc.constantFrom(...codes),
  display: text,
})
export const concept = optional({ coding: fc.array(coding, { minLength: 1, maxLength: 2 }), text })
export const identifier = optional({
  system: fc.constantFrom(...systems),
  value: fc.constantFrom(...codes),
  type: concept,
})

export const name = optional({
  family: text,
  given: fc.array(text, { minLength: 1, maxLength: 2 }),
  text,
})

export const bases = ['', '', 'http://127.0.0.1/fhir/', 'http://other.org/fhir/']
export const reference = (...types: string[]) =>
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .tuple(
          fc.constantFrom(...bases),
          fc.constantFrom(...types),
          fc.constantFrom('1', '2', '3'),
          fc.constantFrom('', '', '', '/_history/1'),
        )
        .map(([base, type, id, version]) => ({ reference: `${base}${type}/${id}${version}` })),
    },
    { weight: 1, arbitrary: fc.record({ identifier }) },
    { weight: 1, arbitrary: fc.constant({ display: 'somebody' }) },
  )

export const uris = [
  'http://a.org/x',
  'http://a.org/x/y',
  'http://a.org/X',
  'http://a.org/',
  'urn:oid:1.2',
  'urn:oid:1.2.3',
]
export const uri = fc.constantFrom(...uris)

/** What an expression computes, as it would stand in a resource. */
import { digitsOf } from './package.ts'
import type { Found } from './path.ts'

/** Units of calendars, which are written without quotes. http://hl7.org/fhirpath/N1/#time-valued-quantities */
const calendar: Readonly<Record<string, string>> = {
  year: 'a',
  month: 'mo',
  week: 'wk',
  day: 'd',
  hour: 'h',
  minute: 'min',
  second: 's',
  millisecond: 'ms',
}

/** Nothing where it is no value that a resource could hold. */
export function computedValue(data: unknown): Found[] {
  switch (typeof data) {
    case 'boolean':
      return [{ value: data, type: 'boolean' }]
    case 'string':
      // Half a character may be cut off.
      return [{ value: data.toWellFormed(), type: 'string' }]
    case 'number':
    case 'bigint':
      return numberOf(String(data))
    case 'object':
      return data === null ? [] : objectOf(data)
    default:
      return []
  }
}

function objectOf(data: object): Found[] {
  const digits = digitsOf(data)
  if (digits !== undefined) return numberOf(digits)
  if ('resourceType' in data) return [{ value: data }]
  if ('value' in data && 'unit' in data && typeof data.unit === 'string')
    return quantityOf(digitsOf(data.value), data.unit.toWellFormed())
  // A date or a time.
  const text: unknown = 'asStr' in data ? data.asStr : undefined
  return typeof text === 'string' ? [{ value: text }] : []
}

/** A decimal keeps its digits. */
function numberOf(digits: string): Found[] {
  if (!/^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(digits)) return []
  const number = Number(digits)
  return [{ value: String(number) === digits ? number : JSON.rawJSON(digits) }]
}

function quantityOf(digits: string | undefined, written: string): Found[] {
  const [amount] = digits === undefined ? [] : numberOf(digits)
  const quoted = /^'(.*)'$/.exec(written)?.[1]
  const code = quoted ?? calendar[written.replace(/s$/, '')]
  if (!amount || code === undefined) return []
  const system = 'http://unitsofmeasure.org'
  return [{ value: { value: amount.value, unit: code, system, code }, type: 'Quantity' }]
}

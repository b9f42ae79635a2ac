/** https://hl7.org/fhir/R4/search.html#quantity and #number; a number is a quantity without a unit. */
import { invalid } from '../error.ts'
import { decimalText, isDecimal } from '../json.ts'
import { isObject } from '../resource.ts'
import type { Row } from '../store.ts'
import { approximateRange, decimalKey, impliedRange, openHigh, openLow } from './decimal.ts'
import { splitEscaped, unescaped } from './escape.ts'
import { anyOf, boundsOf, splitPrefix } from './prefix.ts'
import type { Asked, SearchType } from './type.ts'

type Measured = { low: string; high: string; system: string; unit: string }

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/**
 * A Quantity, Range, Money or bare number as a range of ordered keys; a comparator opens one end, and < and > leave out
 * the value itself. Where code and unit differ, either is found without a system.
 */
function measuresOf(value: unknown): Measured[] {
  if (isDecimal(value)) return [point(decimalKey(decimalText(value)))]
  if (!isObject(value)) return []
  if (isObject(value.low) || isObject(value.high)) {
    const [low] = measuresOf(value.low)
    const [high] = measuresOf(value.high)
    const some = low ?? high
    return some ? [{ ...some, low: low?.low ?? openLow, high: high?.high ?? openHigh }] : []
  }
  if (!isDecimal(value.value)) return []
  const { low, high } = compared(decimalKey(decimalText(value.value)), text(value.comparator))
  const code = text(value.code) || text(value.currency)
  const unit = text(value.unit)
  const measure = { low, high, system: text(value.system), unit: code || unit }
  return code && unit && code !== unit ? [measure, { low, high, system: '', unit }] : [measure]
}

function compared(value: string, comparator: string): Pick<Measured, 'low' | 'high'> {
  if (comparator.startsWith('<'))
    return { low: openLow, high: comparator === '<' ? key.before(value) : value }
  if (comparator.startsWith('>'))
    return { low: comparator === '>' ? key.after(value) : value, high: openHigh }
  return { low: value, high: value }
}

const point = (key: string): Measured => ({ low: key, high: key, system: '', unit: '' })

export const quantity: SearchType = {
  extractor:
    ({ code: param }) =>
    found =>
      found.flatMap(({ value }) =>
        measuresOf(value).map((measure): Row => ({ kind: 'quantity', param, ...measure })),
      ),
  modifiers: { '': readQuantity },
  known: ['missing'],
}

/** Keys are texts, so the nearest one after is the text with the least character appended. */
const key = {
  before: (value: string) =>
    `${value.slice(0, -1)}${String.fromCharCode(value.charCodeAt(value.length - 1) - 1)}\u007f`,
  after: (value: string) => `${value}\u0001`,
}

/** `[prefix][number]|[system]|[code]`, or `[number]||[code]`. */
function readQuantity(value: string, { param, name, facts }: Asked) {
  const [number = '', system, unit, more] = splitEscaped(value, '|').map(unescaped)
  const [prefix, digits] = splitPrefix(number)
  if (!/^[+-]?\d+(\.\d+)?([eE][+-]?\d{1,4})?$/.test(digits) || more !== undefined)
    throw invalid(
      `${name} takes a number such as 5.4${facts.type === 'number' ? '' : ', with |system|code behind it where the unit matters'}, and one of the prefixes eq ne gt ge lt le sa eb ap before it`,
    )
  const exact = decimalKey(digits)
  const implied = impliedRange(digits)
  const near = approximateRange(digits)
  const range = prefix === 'eq' || prefix === 'ne'
  const bounds = boundsOf(
    prefix,
    {
      low: range ? decimalKey(implied.low) : exact,
      high: range ? key.before(decimalKey(implied.high)) : exact,
      nearLow: decimalKey(near.low),
      nearHigh: decimalKey(near.high),
    },
    key,
  )
  return anyOf(
    bounds.map(bound => ({
      kind: 'quantity' as const,
      param,
      ...bound,
      ...(system ? { system } : {}),
      ...(unit ? { unit } : {}),
    })),
  )
}

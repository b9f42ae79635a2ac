/** https://hl7.org/fhir/R4/search.html#quantity and #number; a number is a quantity without a unit. */
import { invalid } from '../error.ts'
import { decimalText, isDecimal } from '../json.ts'
import { isObject } from '../resource.ts'
import { approximateRange, decimalKey, impliedRange, openHigh, openLow } from './decimal.ts'
import { splitEscaped, unescaped } from './escape.ts'
import { anyOf, boundsOf, splitPrefix } from './prefix.ts'
import type { Bounds, Predicate } from './query.ts'
import type { Rows } from './rows.ts'
import type { Asked, SearchType } from './type.ts'
import { canonicalOf, ucum } from './ucum.ts'

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Keys are texts, so the nearest one after is the text with the least character appended. */
const key = {
  before: (value: string) =>
    `${value.slice(0, -1)}${String.fromCharCode(value.charCodeAt(value.length - 1) - 1)}\u007f`,
  after: (value: string) => `${value}\u0001`,
}

interface Span {
  low: string
  high: string
}

/** A comparator opens one end, and < and > leave out the value itself. */
function compared(value: string, comparator: unknown): Span {
  switch (comparator) {
    case '<':
      return { low: openLow, high: key.before(value) }
    case '<=':
      return { low: openLow, high: value }
    case '>':
      return { low: key.after(value), high: openHigh }
    case '>=':
      return { low: value, high: openHigh }
    default:
      return { low: value, high: value }
  }
}

/** Where amounts stand in the base units of UCUM. */
const canonicalRows = (param: string): string => `${param}:ucum`

const codeOf = (value: Record<string, unknown>): string =>
  text(value.code) || text(value.currency) || text(value.unit)

function addQuantity(value: Record<string, unknown>, param: string, rows: Rows): void {
  if (!isDecimal(value.value)) return
  const amount = decimalText(value.value)
  const { low, high } = compared(decimalKey(amount), value.comparator)
  const [system, code, unit] = [text(value.system), codeOf(value), text(value.unit)]
  rows.add({ kind: 'quantity', param, low, high, system, unit: code })
  // Where code and unit differ, either is found without a system.
  if (unit && code !== unit) rows.add({ kind: 'quantity', param, low, high, system: '', unit })
  const span = canonicalSpan(value)
  if (span) rows.add({ kind: 'quantity', param: canonicalRows(param), ...span, system })
}

function canonicalSpan(value: Record<string, unknown>): (Span & { unit: string }) | undefined {
  if (value.system !== ucum || !isDecimal(value.value)) return undefined
  const canonical = canonicalOf(codeOf(value))
  const amount = canonical?.of(decimalText(value.value))
  if (!canonical || amount === undefined) return undefined
  return { ...compared(decimalKey(amount), value.comparator), unit: canonical.unit }
}

/** From its low to its high; either may be open. */
function addRange(range: Record<string, unknown>, param: string, rows: Rows): void {
  const [low, high] = [range.low, range.high].map(end =>
    isObject(end) && isDecimal(end.value) ? { ...end, comparator: undefined } : undefined,
  )
  const some = low ?? high
  if (!some) return
  const ends = (of: (end: Record<string, unknown>) => Span | undefined): Span => ({
    low: (low && of(low)?.low) ?? openLow,
    high: (high && of(high)?.high) ?? openHigh,
  })
  const system = text((some as Record<string, unknown>).system)
  const plain = ends(({ value }) =>
    isDecimal(value) ? compared(decimalKey(decimalText(value)), undefined) : undefined,
  )
  rows.add({ kind: 'quantity', param, ...plain, system, unit: codeOf(some) })
  const spans = [low, high].flatMap(end => (end ? [canonicalSpan(end)] : []))
  const [first] = spans
  if (first && spans.every(span => span?.unit === first.unit))
    rows.add({
      kind: 'quantity',
      param: canonicalRows(param),
      ...ends(canonicalSpan),
      system,
      unit: first.unit,
    })
}

export const quantity: SearchType = {
  collector:
    ({ param }) =>
    (value, rows) => {
      if (isDecimal(value)) {
        const point = decimalKey(decimalText(value))
        rows.add({ kind: 'quantity', param, low: point, high: point, system: '', unit: '' })
      } else if (isObject(value)) {
        if (isObject(value.low) || isObject(value.high)) addRange(value, param, rows)
        else addQuantity(value, param, rows)
      }
    },
  modifiers: { '': readQuantity },
  known: ['missing'],
}

/** `[prefix][number]|[system]|[code]`, or `[number]||[code]`: in any unit that can be converted, where it is of UCUM. */
function readQuantity(value: string, asked: Asked): Predicate {
  const { param, facts, name } = asked
  const [number = '', system, unit, more] = splitEscaped(value, '|').map(unescaped)
  if (more !== undefined || (facts.type === 'number' && system !== undefined))
    throw refused(name, facts.type)
  const predicates = (
    rows: string,
    bounds: Bounds<string>[],
    of: { system?: string; unit?: string },
  ) => bounds.map(bound => ({ kind: 'quantity' as const, param: rows, ...bound, ...of }))
  const canonical = unit && (!system || system === ucum) ? canonicalFor(unit, number) : undefined
  const plain = predicates(param, boundsOn(number, asked), {
    ...(system ? { system } : {}),
    ...(unit ? { unit } : {}),
  })
  if (!canonical) return anyOf(plain)
  const converted = predicates(canonicalRows(param), boundsOn(number, asked, canonical.of), {
    system: ucum,
    unit: canonical.unit,
  })
  // What is stored in this very unit is among the converted, unless it names no system.
  return anyOf(system ? converted : [...plain, ...converted])
}

/** Absent too where the number is beyond what is converted. */
function canonicalFor(unit: string, number: string) {
  const canonical = canonicalOf(unit)
  const [, digits] = splitPrefix(number)
  return isNumber.test(digits) && canonical?.of(digits) !== undefined ? canonical : undefined
}

const isNumber = /^[+-]?\d+(\.\d+)?([eE][+-]?\d{1,4})?$/

const refused = (name: string, type: string) =>
  invalid(
    `${name} takes a number such as 5.4${type === 'number' ? '' : ', with |system|code behind it where the unit matters'}, and one of the prefixes eq ne gt ge lt le sa eb ap before it`,
  )

/** The bounds of a number with its prefix, as they are or converted. */
export function boundsOn(
  number: string,
  { name, facts }: Pick<Asked, 'name' | 'facts'>,
  convert: (amount: string) => string | undefined = amount => amount,
): Bounds<string>[] {
  const [prefix, digits] = splitPrefix(number)
  if (!isNumber.test(digits)) throw refused(name, facts.type)
  const keyOf = (amount: string) => {
    const converted = convert(amount)
    if (converted === undefined) throw refused(name, facts.type)
    return decimalKey(converted)
  }
  const exact = keyOf(digits)
  const implied = impliedRange(digits)
  const near = approximateRange(digits)
  const range = prefix === 'eq' || prefix === 'ne'
  return boundsOf(
    prefix,
    {
      low: range ? keyOf(implied.low) : exact,
      high: range ? key.before(keyOf(implied.high)) : exact,
      nearLow: keyOf(near.low),
      nearHigh: keyOf(near.high),
    },
    key,
  )
}

/** https://hl7.org/fhir/R4/search.html#quantity and #number; a number is a quantity without a unit. */
import { type SearchParameterFacts, structureOf } from '../definitions.ts'
import { invalid } from '../error.ts'
import { decimalText, isDecimal } from '../json.ts'
import { isObject } from '../resource.ts'
import { approximateRange, decimalKey, impliedRange, openHigh, openLow } from './decimal.ts'
import { splitEscaped, unescaped } from './escape.ts'
import { anyOf, boundsOf, splitPrefix } from './prefix.ts'
import type { Bounds, Predicate } from './query.ts'
import type { Rows } from './rows.ts'
import type { Asked, SearchType } from './type.ts'
import { canonicalOf, convert, ucum } from './ucum.ts'

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
}

/** From its low to its high, in the unit of its low; either may be open. */
function addRange({ low, high }: Record<string, unknown>, param: string, rows: Rows): void {
  const [from, to] = [amountOf(low), amountOf(high)]
  const some = from ?? to
  if (!some) return
  const { system, unit } = some
  const key = ({ amount, ...of }: Amount) =>
    decimalKey((system === ucum && of.system === ucum && convert(amount, of.unit, unit)) || amount)
  rows.add({
    kind: 'quantity',
    param,
    low: from ? key(from) : openLow,
    high: to ? key(to) : openHigh,
    system,
    unit,
  })
}

interface Amount {
  amount: string
  system: string
  unit: string
}

function amountOf(value: unknown): Amount | undefined {
  if (!isObject(value) || !isDecimal(value.value)) return undefined
  return { amount: decimalText(value.value), system: text(value.system), unit: codeOf(value) }
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

/** https://hl7.org/fhir/R4/datatypes.html#Money: a currency is a code of this system, which no Money names. */
const currencies = 'urn:iso:std:iso:4217'

function isMoney({ expression }: SearchParameterFacts): boolean {
  const [, type = '', element = ''] = /^(\w+)\.(\w+)$/.exec(expression) ?? []
  return structureOf(type)?.elements[element]?.types.includes('Money') === true
}

/** `[prefix][number]|[system]|[code]`, or `[number]||[code]`: in any unit that can be converted, where it is of UCUM. */
function readQuantity(value: string, asked: Asked): Predicate {
  const { param, facts, name } = asked
  const [number = '', named, unit, more] = splitEscaped(value, '|').map(unescaped)
  if (more !== undefined || (facts.type === 'number' && named !== undefined))
    throw refused(name, facts.type)
  const system = named === currencies && isMoney(facts) ? '' : named
  const measure = { ...(system ? { system } : {}), ...(unit ? { unit } : {}) }
  const plain = boundsOn(number, asked).map(
    (bounds): Predicate => ({ kind: 'quantity', param, ...bounds, ...measure }),
  )
  const isConverted = unit && (!system || system === ucum) && isConvertible(unit, number)
  return isConverted
    ? anyOf([...plain, { kind: 'amount', param, number, asked: unit }])
    : anyOf(plain)
}

/** Not where the number is beyond what is converted. */
function isConvertible(unit: string, number: string): boolean {
  const [, digits] = splitPrefix(number)
  return isNumber.test(digits) && canonicalOf(unit)?.of(digits) !== undefined
}

const isNumber = /^[+-]?\d+(\.\d+)?([eE][+-]?\d{1,4})?$/

const refused = (name: string, type: string) =>
  invalid(
    `${name} takes a number such as 5.4${type === 'number' ? '' : ', with |system|code behind it where the unit matters'}, and one of the prefixes eq ne gt ge lt le sa eb ap before it`,
  )

/** The bounds of a number with its prefix. */
export function boundsOn(
  number: string,
  { name, facts }: Pick<Asked, 'name' | 'facts'>,
): Bounds<string>[] {
  const [, digits] = splitPrefix(number)
  if (!isNumber.test(digits)) throw refused(name, facts.type)
  return boundsBy(number, amount => amount) ?? []
}

/** Those of an amount of a unit of UCUM in another one; none where it is the same, or cannot be converted. */
export function boundsIn(
  { number, asked }: { number: string; asked: string },
  unit: string,
): Bounds<string>[] {
  const canonical = canonicalOf(unit)
  if (unit === asked || !canonical || canonical.unit !== canonicalOf(asked)?.unit) return []
  return boundsBy(number, amount => convert(amount, asked, unit)) ?? []
}

function boundsBy(
  number: string,
  convert: (amount: string) => string | undefined,
): Bounds<string>[] | undefined {
  const [prefix, digits] = splitPrefix(number)
  const implied = impliedRange(digits)
  const near = approximateRange(digits)
  const ends = [digits, implied.low, implied.high, near.low, near.high].map(convert)
  if (ends.includes(undefined)) return undefined
  const [exact, low, high, nearLow, nearHigh] = ends.map(end => decimalKey(end ?? '')) as Ends
  const range = prefix === 'eq' || prefix === 'ne'
  return boundsOf(
    prefix,
    { low: range ? low : exact, high: range ? key.before(high) : exact, nearLow, nearHigh },
    key,
  )
}

type Ends = [exact: string, low: string, high: string, nearLow: string, nearHigh: string]

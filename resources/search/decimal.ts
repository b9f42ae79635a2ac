/**
 * A decimal as a text whose byte order is the order of the numbers, exact for any number of digits: a head for sign and
 * exponent, then the digits. Both stores hold numbers so.
 */

/** Below and above every number: the open ends of a range. */
export const openLow = '!'
export const openHigh = '~'

interface Parts {
  negative: boolean
  /** The value is 0.digits × 10^exponent, without zeros at the ends of digits. */
  digits: string
  exponent: number
}

function partsOf(text: string): Parts {
  const first = text.charCodeAt(0)
  const negative = first === 45
  const begin = negative || first === 43 ? 1 : 0
  let end = text.search(/[eE]/)
  const power = end < 0 ? 0 : Number(text.slice(end + 1))
  if (end < 0) end = text.length
  const point = text.indexOf('.')
  const whole = (point < 0 ? end : point) - begin
  const all =
    point < 0 ? text.slice(begin, end) : text.slice(begin, point) + text.slice(point + 1, end)
  let lead = 0
  while (all.charCodeAt(lead) === 48) lead++
  let last = all.length
  while (last > lead && all.charCodeAt(last - 1) === 48) last--
  return { negative, digits: all.slice(lead, last), exponent: power + whole - lead }
}

/** The key of a decimal written as FHIR writes it: `98.6`, `-1.2e-7`. */
export function decimalKey(text: string): string {
  const { negative, digits, exponent } = partsOf(text)
  if (digits === '') return 'P'
  const head = headOf(exponent)
  if (!negative) return head + digits
  return `${mirror(head)}${digits.replace(/\d/g, digit => String(9 - Number(digit)))}~`
}

function headOf(exponent: number): string {
  if (exponent >= -20 && exponent <= 20) return String.fromCharCode(0x52 + exponent + 20)
  const far = String(Math.min(99999, Math.max(0, exponent + 50000))).padStart(5, '0')
  return (exponent < 0 ? 'Q' : '{') + far
}

const mirror = (head: string): string =>
  String.fromCharCode(0xa0 - head.charCodeAt(0)) +
  head.slice(1).replace(/\d/g, digit => String(9 - Number(digit)))

/** The range that a number stands for in a search: half a unit of its last digit to both sides. */
export function impliedRange(text: string): { low: string; high: string } {
  const [, mantissa = '', power = '0'] = /^([^eE]*)(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  const scale = (mantissa.split('.')[1]?.length ?? 0) - Number(power)
  const units = BigInt(mantissa.replace('.', '').replace('+', ''))
  const plain = (tenths: bigint) => `${tenths}e${-(scale + 1)}`
  return { low: plain(units * 10n - 5n), high: plain(units * 10n + 5n) }
}

/** About the same: a tenth of the value to both sides. https://hl7.org/fhir/R4/search.html#prefix */
export function approximateRange(text: string): { low: string; high: string } {
  const [, mantissa = '', power = '0'] = /^([^eE]*)(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  const scale = (mantissa.split('.')[1]?.length ?? 0) - Number(power)
  const units = BigInt(mantissa.replace('.', '').replace('+', ''))
  const [a, b] = [units * 9n, units * 11n]
  const plain = (tenths: bigint) => `${tenths}e${-(scale + 1)}`
  return a < b ? { low: plain(a), high: plain(b) } : { low: plain(b), high: plain(a) }
}

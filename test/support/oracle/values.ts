/** The second opinion on what a value is: dates as ranges, numbers as exact fractions, texts as they are compared. */

/** From `start` until before `end`, in ms. */
export interface Span {
  start: number
  end: number
}

const dateForm =
  /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/

/** https://hl7.org/fhir/R4/search.html#date: all the time a date stands for; what has no zone is in `zone`. */
export function spanOf(text: string, zone: string): Span | undefined {
  const match = dateForm.exec(text)
  if (!match) return undefined
  const [, year, month, day, hour, minute, second, fraction, offset] = match
  const local = (y: number, m: number, d: number, ms = 0) => atZone(utc(y, m, d) + ms, zone)
  const y = Number(year)
  if (month === undefined) return { start: local(y, 0, 1), end: local(y + 1, 0, 1) }
  const m = Number(month) - 1
  if (day === undefined) return { start: local(y, m, 1), end: local(y, m + 1, 1) }
  const d = Number(day)
  if (hour === undefined) return { start: local(y, m, d), end: local(y, m, d + 1) }
  const time = Number(hour) * 3_600_000 + Number(minute) * 60_000 + Number(second ?? 0) * 1000
  const clock = utc(y, m, d) + time
  const start = offset === undefined ? atZone(clock, zone) : clock - minutesOf(offset) * 60_000
  if (second === undefined) return { start, end: start + 60_000 }
  if (fraction === undefined) return { start, end: start + 1000 }
  const from = start + Number(fraction.slice(0, 3).padEnd(3, '0'))
  return { start: from, end: from + 10 ** Math.max(0, 3 - fraction.length) }
}

function utc(year: number, month: number, day: number): number {
  const date = new Date(0)
  date.setUTCFullYear(year, month, day)
  return date.getTime()
}

const minutesOf = (offset: string): number =>
  offset === 'Z'
    ? 0
    : (offset.startsWith('-') ? -1 : 1) *
      (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4)))

/** When a clock in the zone shows this. */
function atZone(clock: number, zone: string): number {
  if (zone === 'UTC') return clock
  const first = clock - offsetAt(clock, zone)
  return clock - offsetAt(first, zone)
}

const formats = new Map<string, Intl.DateTimeFormat>()

function offsetAt(instant: number, zone: string): number {
  let format = formats.get(zone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    formats.set(zone, format)
  }
  const part = Object.fromEntries(
    format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]),
  )
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part
  const shown = utc(year, month - 1, day) + hour * 3_600_000 + minute * 60_000 + second * 1000
  return shown - Math.floor(instant / 1000) * 1000
}

/** https://hl7.org/fhir/R4/search.html#prefix, on times. `now`: for `ap`. */
export function comparesSpan(prefix: string, asked: Span, target: Span, now: number): boolean {
  const within = asked.start <= target.start && target.end <= asked.end
  switch (prefix) {
    case 'eq':
      return within
    case 'ne':
      return !within
    case 'gt':
      return target.end > asked.end
    case 'lt':
      return target.start < asked.start
    // What is above the value begins with the value itself.
    case 'ge':
      return target.end > asked.start
    case 'le':
      return target.start < asked.end
    case 'sa':
      return target.start >= asked.end
    case 'eb':
      return target.end <= asked.start
    case 'ap': {
      const slack = Math.abs(now - asked.start) * 0.1
      return target.end > asked.start - slack && target.start < asked.end + slack
    }
    default:
      throw new Error(`${prefix} is no prefix`)
  }
}

/** units × 10^power. */
export interface Decimal {
  units: bigint
  power: number
}

export function decimalOf(text: string): Decimal | undefined {
  const match = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,4}))?$/.exec(text)
  if (!match) return undefined
  const [, sign, whole = '', fraction = '', power = '0'] = match
  const units = BigInt(whole + fraction)
  return { units: sign === '-' ? -units : units, power: Number(power) - fraction.length }
}

/** Negative where a is less than b. */
export function compare(a: Decimal, b: Decimal): number {
  const power = Math.min(a.power, b.power)
  const scaled = ({ units, power: own }: Decimal) => units * 10n ** BigInt(own - power)
  const [left, right] = [scaled(a), scaled(b)]
  return left < right ? -1 : left > right ? 1 : 0
}

/** The least and the greatest number meant; an end that is `open` is not in it; no end: none is known. */
export interface Interval {
  low?: Decimal
  high?: Decimal
  lowOpen?: boolean
  highOpen?: boolean
}

/** https://hl7.org/fhir/R4/search.html#number: the precision counts for eq and ne only. */
export function comparesNumber(prefix: string, asked: Decimal, target: Interval): boolean {
  const { low, high } = target
  const toHigh = high ? compare(high, asked) : 1
  const toLow = low ? compare(low, asked) : -1
  const tenth = { units: asked.units * 10n, power: asked.power - 1 }
  switch (prefix) {
    case 'eq':
    case 'ne': {
      const from = { units: tenth.units - 5n, power: tenth.power }
      const to = { units: tenth.units + 5n, power: tenth.power }
      const reaches = high ? compare(high, to) : 1
      const within =
        low !== undefined &&
        compare(low, from) >= 0 &&
        (reaches < 0 || (reaches === 0 && target.highOpen === true))
      return within === (prefix === 'eq')
    }
    case 'gt':
      return toHigh > 0
    case 'lt':
      return toLow < 0
    case 'ge':
      return toHigh > 0 || (toHigh === 0 && !target.highOpen)
    case 'le':
      return toLow < 0 || (toLow === 0 && !target.lowOpen)
    case 'sa':
      return toLow > 0 || (toLow === 0 && target.lowOpen === true)
    case 'eb':
      return toHigh < 0 || (toHigh === 0 && target.highOpen === true)
    case 'ap': {
      const [a, b] = [asked.units * 9n, asked.units * 11n]
      const from = { units: a < b ? a : b, power: asked.power - 1 }
      const to = { units: a < b ? b : a, power: asked.power - 1 }
      return (!high || compare(high, from) >= 0) && (!low || compare(low, to) <= 0)
    }
    default:
      throw new Error(`${prefix} is no prefix`)
  }
}

const plainOf = new Map(
  'ß=ss æ=ae œ=oe ø=o ł=l đ=d ħ=h ŧ=t ı=i ς=σ'
    .split(' ')
    .map(each => each.split('=') as [string, string]),
)

/** https://hl7.org/fhir/R4/search.html#string: without case, accents, width, and how much space there is. */
export const folded = (text: string): string =>
  [...text.normalize('NFKD')]
    .filter(
      each =>
        !/\p{M}/u.test(each) ||
        /[\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}]/u.test(
          each,
        ),
    )
    .map(each => (/\p{Nd}/u.test(each) ? digitOf(each) : each))
    .join('')
    .replace(/[\u200b-\u200d\u2060\ufeff]/g, '')
    .toLowerCase()
    .replace(/ß|æ|œ|[øłđħŧıς]/g, each => plainOf.get(each) ?? each)
    .normalize('NFC')
    .replace(/\s+/g, ' ')
    .trim()

function digitOf(character: string): string {
  const code = character.codePointAt(0) ?? 0
  let steps = 0
  while (steps < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - steps - 1))) steps++
  return String(steps)
}

/** Great circle on a sphere, in metres. */
export function metres([a, b]: [number, number], [c, d]: [number, number]): number {
  const r = Math.PI / 180
  const h =
    Math.sin(((c - a) * r) / 2) ** 2 +
    Math.cos(a * r) * Math.cos(c * r) * Math.sin(((d - b) * r) / 2) ** 2
  return 2 * 6_371_008.8 * Math.asin(Math.min(1, Math.sqrt(h)))
}

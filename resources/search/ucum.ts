/**
 * Units of UCUM as exact multiples of base units (https://ucum.org/ucum). The definitions of the atoms are those of
 * @lhncbc/ucum-lhc; its own factors are floating point numbers, by which equal amounts would differ, so the arithmetic
 * here is of fractions.
 */
import { createRequire } from 'node:module'

export const ucum = 'http://unitsofmeasure.org'

interface Fraction {
  over: bigint
  under: bigint
}

interface Canonical {
  /** Base units in alphabetical order: `g.m-3`; `1` where it has none. */
  unit: string
  /** An amount in this unit as a decimal number of the canonical one, 40 digits of it; absent: too large or too small. */
  of(amount: string): string | undefined
}

interface Unit extends Canonical {
  /** The canonical unit times this. */
  term: Term
  /** How many of this unit its zero lies above that of the canonical one. */
  below?: Fraction
}

/** A product of powers of base units, and how many of it. */
interface Term extends Fraction {
  powers: Map<string, number>
}

interface Atom {
  csUnitString_: string | null
  baseFactorStr_: string | null
  isBase_: boolean
  isArbitrary_: boolean
  isSpecial_: boolean
  isMetric_: boolean
  source_: string
  magnitude_: number
}

const prefixes: Readonly<Record<string, string>> = {
  Y: '1e24',
  Z: '1e21',
  E: '1e18',
  P: '1e15',
  T: '1e12',
  G: '1e9',
  M: '1e6',
  k: '1e3',
  h: '1e2',
  da: '1e1',
  d: '1e-1',
  c: '1e-2',
  m: '1e-3',
  u: '1e-6',
  n: '1e-9',
  p: '1e-12',
  f: '1e-15',
  a: '1e-18',
  z: '1e-21',
  y: '1e-24',
  Ki: '1024',
  Mi: '1048576',
  Gi: '1073741824',
  Ti: '1099511627776',
}

/** Scales that do not begin at zero: kelvins of one degree, and how many degrees lie below their zero. */
const scales: Readonly<Record<string, { step: Fraction; below: string }>> = {
  Cel: { step: { over: 1n, under: 1n }, below: '273.15' },
  '[degF]': { step: { over: 5n, under: 9n }, below: '459.67' },
  '[degRe]': { step: { over: 5n, under: 4n }, below: '218.52' },
}

let library: { getUnitByCode(code: string): Atom | null } | undefined

/** Read when the first unit comes, because it takes 20 ms. */
function atomOf(code: string): Atom | undefined {
  if (!library) {
    const { UcumLhcUtils, UnitTables } = createRequire(import.meta.url)('@lhncbc/ucum-lhc')
    UcumLhcUtils.getInstance()
    library = UnitTables.getInstance() as NonNullable<typeof library>
  }
  const atom = library.getUnitByCode(code)
  // The others are composed of them, as examples; their definitions are not whole.
  return atom?.source_ === 'UCUM' ? atom : undefined
}

/** No unit that is in use is near it; what is beyond costs time only. */
const largest = 10n ** 400n

const known = new Map<string, Unit | undefined>()
const most = 5000

/** Absent: it is not of UCUM, or it has no multiples in base units (pH, decibels). */
export const canonicalOf = (code: string): Canonical | undefined => knownOf(code)

/** An amount in one unit as one in another, without rounding where it ends; absent: it cannot be converted. */
export function convert(amount: string, from: string, to: string): string | undefined {
  const [a, b] = [knownOf(from), knownOf(to)]
  if (!a || !b || a.unit !== b.unit || isBeyond(amount)) return undefined
  const own = decimal(amount)
  const { over, under } = multiply(a.below ? add(own, a.below) : own, a.term)
  const value = multiply({ over, under }, { over: b.term.under, under: b.term.over })
  const there = b.below ? add(value, { over: -b.below.over, under: b.below.under }) : value
  const exact = decimalFactor(there)
  return exact ? `${exact.digits}e${exact.power}` : print(there)
}

function knownOf(code: string): Unit | undefined {
  if (known.has(code)) return known.get(code)
  const canonical = code.length <= 100 && /^[!-~]+$/.test(code) ? read(code) : undefined
  if (known.size >= most) known.clear()
  known.set(code, canonical)
  return canonical
}

function read(code: string): Unit | undefined {
  const scale = Object.hasOwn(scales, code) ? scales[code] : undefined
  const term = scale ? { ...scale.step, powers: new Map([['K', 1]]) } : new Reader(code).term()
  if (!term || term.over > largest || term.under > largest) return undefined
  const unit = [...term.powers]
    .filter(([, power]) => power !== 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([base, power]) => (power === 1 ? base : `${base}${power}`))
    .join('.')
  const below = scale && decimal(scale.below)
  const factor = below ? undefined : decimalFactor(term)
  return {
    unit: unit || '1',
    term,
    ...(below ? { below } : {}),
    of: amount => {
      const { mantissa, power } = partsOf(amount)
      if (isBeyond(amount)) return undefined
      if (factor?.digits === 1n) return `${mantissa}e${power + factor.power}`
      const value = decimal(amount)
      if (!factor) return print(multiply(below ? add(value, below) : value, term))
      return product(value, factor)
    },
  }
}

function isBeyond(amount: string): boolean {
  const { mantissa, power } = partsOf(amount)
  return Math.abs(power) > 400 || mantissa.length > 400
}

/** One unit as written, from left to right. */
class Reader {
  private at = 0
  private readonly text: string

  constructor(text: string) {
    this.text = text
  }

  /** The whole of it. */
  term(): Term | undefined {
    const term = this.product()
    return this.at === this.text.length ? term : undefined
  }

  private product(): Term | undefined {
    let product: Term | undefined = one()
    let divides = this.take('/')
    do {
      const next = this.component()
      product = product && next && times(product, next, divides ? -1 : 1)
      if (!product) return undefined
      divides = this.text[this.at] === '/'
    } while (this.take('/') || this.take('.'))
    return product
  }

  private take(sign: string): boolean {
    if (this.text[this.at] !== sign) return false
    this.at++
    return true
  }

  private match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at
    const match = pattern.exec(this.text)
    if (match) this.at = pattern.lastIndex
    return match ?? undefined
  }

  private component(): Term | undefined {
    if (this.take('(')) {
      const inner = this.product()
      return this.take(')') ? inner : undefined
    }
    // What stands in braces is a remark.
    if (this.match(/\{[^{}]*\}/y)) return one()
    const number = this.match(/[1-9]\d{0,8}(?![\d*^])/y)
    if (number) return { ...decimal(number[0]), powers: new Map() }
    const match = this.match(/((?:\[[^\]]*\]|10[*^]|[^\s./(){}[\]\d+-])+)([+-]?\d{1,2})?/y)
    this.match(/\{[^{}]*\}/y)
    const unit = match?.[1] && unitOf(match[1])
    return unit ? times(one(), unit, Number(match[2] ?? 1)) : undefined
  }
}

const one = (): Term => ({ over: 1n, under: 1n, powers: new Map() })

/** An atom, or a prefix and one that takes it. */
function unitOf(code: string): Term | undefined {
  const atom = atomOf(code)
  if (atom) return definitionOf(code, atom)
  for (const size of [1, 2]) {
    const prefix = code.slice(0, size)
    const value = Object.hasOwn(prefixes, prefix) ? prefixes[prefix] : undefined
    const rest = value && code.length > size ? atomOf(code.slice(size)) : undefined
    if (!value || !(rest?.isMetric_ || rest?.isBase_)) continue
    const unit = definitionOf(code.slice(size), rest)
    return unit && times({ ...decimal(value), powers: new Map() }, unit, 1)
  }
  return undefined
}

/** An arbitrary unit (`[iU]`) is a multiple of none but itself. */
function definitionOf(code: string, atom: Atom): Term | undefined {
  if (atom.isSpecial_) return undefined
  const { csUnitString_: text } = atom
  if (atom.isBase_ || (atom.isArbitrary_ && (!text || text === '1' || !atomOf(text)?.isArbitrary_)))
    return { ...one(), powers: new Map([[code, 1]]) }
  const inner = text ? new Reader(text).term() : undefined
  const unit =
    inner && times({ ...decimal(atom.baseFactorStr_ || '1'), powers: new Map() }, inner, 1)
  // Of a few the library has the definition only in part.
  return unit && Math.abs(Number(print(unit)) / atom.magnitude_ - 1) < 1e-9 ? unit : undefined
}

function times(a: Term, b: Term, power: number): Term {
  const [over, under] = power < 0 ? [b.under, b.over] : [b.over, b.under]
  const size = BigInt(Math.abs(power))
  const powers = new Map(a.powers)
  for (const [base, count] of b.powers) powers.set(base, (powers.get(base) ?? 0) + count * power)
  return { ...multiply(a, { over: over ** size, under: under ** size }), powers }
}

function multiply(a: Fraction, b: Fraction): Fraction {
  return { over: a.over * b.over, under: a.under * b.under }
}

const add = (a: Fraction, b: Fraction): Fraction => ({
  over: a.over * b.under + b.over * a.under,
  under: a.under * b.under,
})

const partsOf = (text: string): { mantissa: string; power: number } => {
  const cut = text.search(/e/i)
  return cut < 0
    ? { mantissa: text, power: 0 }
    : { mantissa: text.slice(0, cut), power: Number(text.slice(cut + 1)) }
}

function decimal(text: string): Fraction {
  const { mantissa, power } = partsOf(text)
  const fraction = mantissa.split('.')[1] ?? ''
  const units = BigInt(mantissa.replace('.', '').replace('+', ''))
  const exponent = power - fraction.length
  return exponent < 0
    ? { over: units, under: 10n ** BigInt(-exponent) }
    : { over: units * 10n ** BigInt(exponent), under: 1n }
}

interface Decimal {
  digits: bigint
  power: number
}

/** A fraction as a decimal number, where it is one. */
function decimalFactor({ over, under }: Fraction): Decimal | undefined {
  for (let power = 0, size = over; power <= digits; power++, size *= 10n)
    if (size % under === 0n) return trimmed({ digits: size / under, power: -power })
  return undefined
}

function trimmed({ digits: all, power }: Decimal): Decimal {
  const zeros = /0*$/.exec(String(all))?.[0].length ?? 0
  return { digits: all / 10n ** BigInt(zeros), power: power + zeros }
}

/** What is written as a decimal number is one over a power of ten. */
const product = ({ over, under }: Fraction, factor: Decimal): string =>
  `${over * factor.digits}e${factor.power + 1 - String(under).length}`

const digits = 40

/** The same for the same number, however its fraction is written, and never out of order. */
function print({ over, under }: Fraction): string {
  const negative = over < 0n
  const size = negative ? -over : over
  const scaled = (shift: number): [bigint, bigint] =>
    shift >= 0 ? [size * 10n ** BigInt(shift), under] : [size, under * 10n ** BigInt(-shift)]
  let shift = digits + String(under).length - String(size).length
  const [a, b] = scaled(shift)
  // By the lengths alone it may be one digit more.
  shift -= String(a / b).length - digits
  const [c, d] = scaled(shift)
  return `${negative ? '-' : ''}${(c * 2n + d) / (d * 2n)}e${-shift}`
}

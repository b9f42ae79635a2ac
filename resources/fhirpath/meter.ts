/** How much an evaluation may take: whoever writes a resource or an expression must not hold up others. */
import { dataOf, digitsOf } from './package.ts'

/** A unit is a step or a value, and takes 0.2 to 0.6 µs. */
const mostUnits = 200_000
/** Of all evaluations on one budget. */
const mostTogether = 400_000
/** Characters for one unit. */
const perUnit = 8
/** Comparisons for one unit. */
const comparisonsPerUnit = 10
/** What a text is looked through for. */
const mostShort = 256
/** What is read as a unit: those of UCUM have at most 30 characters. */
const mostOfUnit = 64
/** What is read as a unit of measure takes these units at least. */
const perMeasure = 4
/** Squares of its length for one unit: what is read as a unit of measure, and a number that is multiplied. */
const unitsSquared = 16
const digitsSquared = 1000

interface Budget {
  left: number
}

let shared: Budget | undefined

/** What is evaluated in it, by any expression, takes no more than one budget. Evaluations never wait, so no others are in it. */
export function onOneBudget<T>(work: () => T): T {
  const before = shared
  shared = { left: mostTogether }
  try {
    return work()
  } finally {
    shared = before
  }
}

export class Meter {
  private left = mostUnits
  private repeated = 0
  private readonly budget: Budget = shared ?? { left: mostTogether }

  get spent(): number {
    return mostUnits - this.left
  }

  charge(units: number): void {
    this.left -= units
    this.budget.left -= units
    if (!(this.left >= 0 && this.budget.left >= 0))
      throw new Error('the expression takes too much on this resource')
  }

  /** Values that a step found. */
  found(values: readonly unknown[]): void {
    this.charge(1 + values.length)
    for (const value of values) this.text(dataOf(value))
  }

  /** Each may be compared with each other one, with all that is in it. */
  compared(values: readonly unknown[]): void {
    this.walked(values, values.length)
  }

  /** Those that are found again and again are compared with all before them. */
  repeatedly(values: readonly unknown[]): void {
    this.repeated += values.length
    this.walked(values, this.repeated)
  }

  /** `against`: how many others each is compared with. */
  walked(values: readonly unknown[], against = 0): void {
    for (const value of values) this.inside(dataOf(value), against)
  }

  short(values: readonly unknown[]): void {
    for (const value of values) shortly(dataOf(value), mostShort)
  }

  unit(values: readonly unknown[]): void {
    for (const value of values) this.measure(dataOf(value))
  }

  /** Each digit is multiplied by each; of powers of ten there are those that no computer writes out. */
  factors(values: readonly unknown[]): void {
    this.compared(values)
    for (const value of values) {
      const digits = numberIn(dataOf(value))
      if (/e[+-]?\d{4}/i.test(digits)) throw new Error('a factor takes too many digits')
      this.charge(digits.length ** 2 / digitsSquared)
    }
  }

  /** It is read again for each comparison. */
  private measure(code: unknown, times = 1): void {
    if (typeof code !== 'string') return
    shortly(code, mostOfUnit)
    this.charge(times * (perMeasure + code.length ** 2 / unitsSquared))
  }

  private text(data: unknown, times = 1): void {
    const text = typeof data === 'string' ? data : digitsOf(data)
    if (text !== undefined && text.length > perUnit) this.charge((times * text.length) / perUnit)
  }

  private inside(data: unknown, against: number): void {
    const times = 1 + against / comparisonsPerUnit
    this.charge(times)
    if (!isPlain(data)) this.text(data, times)
    else if (Array.isArray(data)) for (const item of data) this.inside(item, against)
    else
      for (const [key, value] of Object.entries(data)) {
        // The code of a quantity is read as a unit.
        if (key === 'code' && 'value' in data) this.measure(value, 1 + against)
        this.inside(value, against)
      }
  }
}

/** What stands in a resource, other than what the package made of it. */
const isPlain = (data: unknown): data is object =>
  typeof data === 'object' &&
  data !== null &&
  [Object.prototype, Array.prototype, null].includes(Object.getPrototypeOf(data))

function shortly(data: unknown, most: number): void {
  if (typeof data === 'string' && data.length > most)
    throw new Error(`a text takes at most ${most} characters here`)
}

/** The digits of a number, or of that in a quantity. */
function numberIn(data: unknown): string {
  const own = digitsOf(data)
  if (own !== undefined) return own
  return typeof data === 'object' && data !== null && 'value' in data
    ? (digitsOf(data.value) ?? '')
    : ''
}

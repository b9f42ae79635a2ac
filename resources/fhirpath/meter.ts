/** How much an evaluation may take: whoever writes a resource or an expression must not hold up others. */
import { dataOf, digitsOf } from './package.ts'

/** A unit is a step or a value, and takes 0.2 to 0.6 µs. */
const mostUnits = 200_000
/** Characters for one unit. */
const perUnit = 8
/** Comparisons for one unit. */
const comparisonsPerUnit = 10
/** What a text is looked through for, and what is read as a unit. */
const mostShort = 256

export class Meter {
  private left = mostUnits
  private repeated = 0

  get spent(): number {
    return mostUnits - this.left
  }

  charge(units: number): void {
    this.left -= units
    if (!(this.left >= 0)) throw new Error('the expression takes too much on this resource')
  }

  /** Values that a step found. */
  found(values: readonly unknown[]): void {
    this.charge(1 + values.length)
    for (const value of values) this.text(dataOf(value))
  }

  /** Each may be compared with each other one, with all that is in it. */
  compared(values: readonly unknown[]): void {
    this.charge(values.length ** 2 / comparisonsPerUnit)
    this.walked(values)
  }

  /** Those that are found again and again are compared with all before them. */
  repeatedly(values: readonly unknown[]): void {
    this.repeated += values.length
    this.charge((values.length * this.repeated) / comparisonsPerUnit)
    this.walked(values)
  }

  walked(values: readonly unknown[]): void {
    for (const value of values) this.inside(dataOf(value))
  }

  short(values: readonly unknown[]): void {
    for (const value of values) shortly(dataOf(value))
  }

  /** Powers of ten that no computer writes out. */
  factors(values: readonly unknown[]): void {
    this.compared(values)
    for (const value of values)
      if (/e[+-]?\d{4}/i.test(digitsOf(dataOf(value)) ?? '')) this.charge(Infinity)
  }

  private text(data: unknown): void {
    const text = typeof data === 'string' ? data : digitsOf(data)
    if (text !== undefined && text.length > perUnit) this.charge(text.length / perUnit)
  }

  private inside(data: unknown): void {
    this.charge(1)
    if (!isPlain(data)) this.text(data)
    else if (Array.isArray(data)) for (const item of data) this.inside(item)
    else
      for (const [key, value] of Object.entries(data)) {
        // The code of a quantity is read as a unit.
        if (key === 'code') shortly(value)
        this.inside(value)
      }
  }
}

/** What stands in a resource, other than what the package made of it. */
const isPlain = (data: unknown): data is object =>
  typeof data === 'object' &&
  data !== null &&
  [Object.prototype, Array.prototype, null].includes(Object.getPrototypeOf(data))

function shortly(data: unknown): void {
  if (typeof data === 'string' && data.length > mostShort)
    throw new Error(`a text takes at most ${mostShort} characters here`)
}

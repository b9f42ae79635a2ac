import { createHash } from 'node:crypto'

/** Chance that is the same for the same seed. */
export interface Random {
  /** From 0 up to 1. */
  next(): number
  /** A whole number from `from` to `to`, both included. */
  whole(from: number, to: number): number
  chance(part: number): boolean
  pick<T>(all: readonly T[]): T
  /** One of all, more often where its weight is greater. */
  weighed<T extends { weight: number }>(all: readonly T[]): T
  /** About `mean`, two thirds of all within `deviation`. */
  normal(mean: number, deviation: number): number
}

/** Numbers of 32 bits from the hashes of the seed and a counter. */
export function createRandom(seed: string): Random {
  let block = Buffer.alloc(0)
  let hashes = 0
  let used = 0
  const next = (): number => {
    if (used === block.length) {
      block = createHash('sha256').update(`${seed} ${hashes++}`).digest()
      used = 0
    }
    used += 4
    return block.readUInt32LE(used - 4) / 2 ** 32
  }
  const pick = <T>(all: readonly T[]): T => all[Math.floor(next() * all.length)] as T
  return {
    next,
    whole: (from, to) => from + Math.floor(next() * (to - from + 1)),
    chance: part => next() < part,
    pick,
    weighed(all) {
      let left = next() * all.reduce((sum, { weight }) => sum + weight, 0)
      for (const one of all) {
        left -= one.weight
        if (left < 0) return one
      }
      return pick(all)
    },
    // Box and Muller; 1 - next() is never 0.
    normal: (mean, deviation) =>
      mean + deviation * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  }
}

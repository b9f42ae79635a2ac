import { type Slot, slots } from './slot.ts'

/** The place of commits: an instant and a number, neither of which goes back. */
export interface Order {
  /** The instant of a commit that takes its place now; not before `least`. */
  instant(least?: number): number
  /** The next commit number; not below `least`. */
  number(least: number): number
  /** A batch takes its numbers, and has been written or given up with numbers up to so many. */
  begin(): void
  end(): void
  /** What pages that begin now see up to, and this number at least: commits to come get greater ones. */
  asOf(least: number): number
}

export function createOrder(
  last: { at: number; s: number },
  { now, slot }: { now: () => number; slot: Slot },
): Order {
  let { at, s } = last
  /** The last number before a batch that is being written. */
  let before: number | undefined
  return {
    instant(least = 0) {
      at = Math.max(now(), at, least)
      return at
    },
    number(least) {
      const from = Math.max(s + 1, least)
      s = from + ((((slot.number() - from) % slots) + slots) % slots)
      return s
    },
    begin() {
      before = s
    },
    end() {
      before = undefined
    },
    asOf(least) {
      // To the end of the millisecond: what another process has told of may be of it.
      const seen = Math.max(before ?? now() * 1000 + 999, least)
      s = Math.max(s, seen)
      return before === undefined ? s : seen
    },
  }
}

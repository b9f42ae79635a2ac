/** The place of commits: an instant and a number, neither of which goes back. */
export interface Order {
  /** The instant of a commit that takes its place now; not before `least`. */
  instant(least?: number): number
  /** The next commit number; not below `least`. */
  number(least: number): number
  /** A batch takes its numbers, and has been written or given up with numbers up to so many. */
  begin(): void
  end(): void
  /** What pages that begin now see up to: commits to come get greater numbers. */
  asOf(): number
}

export function createOrder(last: { at: number; s: number }, now: () => number): Order {
  let { at, s } = last
  /** The last number before a batch that is being written. */
  let before: number | undefined
  return {
    instant(least = 0) {
      at = Math.max(now(), at, least)
      return at
    },
    number(least) {
      s = Math.max(s + 1, least)
      return s
    },
    begin() {
      before = s
    },
    end() {
      before = undefined
    },
    asOf() {
      if (before !== undefined) return before
      s = Math.max(s, now() * 1000)
      return s
    },
  }
}

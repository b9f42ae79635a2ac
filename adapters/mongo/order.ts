import { type Slot, slots } from './slot.ts'

/** The place of commits: an instant and a number, neither of which goes back. */
export interface Order {
  /** The instant of a commit that takes its place now; not before `least`. */
  instant(least?: number): number
  /** The next commit number; not below `least`. */
  number(least: number): number
  /** A batch is about to take its numbers. */
  begin(): Place
  /** It has been written or given up, in the order in which they began; numbers up to so many can be seen. */
  end(place: Place, s: number): void
  /** What pages that begin now see up to, and this number at least: commits to come get greater ones. */
  asOf(least: number): number
}

/** A batch that is being written: all before this number can be seen, or will never be. */
interface Place {
  before: number
}

export function createOrder(
  last: { at: number; s: number },
  { now, slot }: { now: () => number; slot: Slot },
): Order {
  let { at, s } = last
  const flying: Place[] = []
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
      const place = { before: s }
      flying.push(place)
      return place
    },
    end(place, seen) {
      flying.splice(flying.indexOf(place), 1)
      for (const each of flying) each.before = Math.max(each.before, seen)
    },
    asOf(least) {
      const [first] = flying
      // To the end of the millisecond: what another process has told of may be of it.
      const seen = Math.max(first?.before ?? now() * 1000 + 999, least)
      s = Math.max(s, seen)
      // Else what is written next would come before it by its instant, and after it by its number.
      at = Math.max(at, Math.floor(least / 1000))
      return first ? seen : s
    },
  }
}

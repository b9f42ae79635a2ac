import { type Slot, slots } from './slot.ts'

/** The place of commits: an instant and a number, neither of which goes back. */
export interface Order {
  /** The instant of a commit that takes its place now; not before `least`. */
  instant(least?: number): number
  /** The next commit number; not below `least`. */
  number(least: number): number
  /** A batch is about to take its numbers, none of which is before this instant. */
  begin(first: number): Place
  /** It has been written or given up, in the order in which they began; numbers up to so many can be seen. */
  end(place: Place, s: number): void
  /** Whether nothing of this process is on its way to the database from now until that is asked. */
  still(): () => boolean
  /** What pages that begin now see up to, and this number at least: commits to come get greater ones. */
  asOf(least: number): number
  /**
   * Whether all that this process will write, or is writing, comes after this number, by its instant too: what is newest now
   * stays so until then. It may be of another process, whose clock is ahead.
   */
  follows(s: number): boolean
}

/** ms: nothing is written that has waited for longer. */
const longest = 30_000

/** A batch that is being written: all before this number can be seen, or will never be. */
interface Place {
  before: number
}

export function createOrder(
  last: { at: number; s: number },
  { now, slot }: { now: () => number; slot: Slot },
): Order {
  let { at, s } = last
  let heard = 0
  const flying: Place[] = []
  let begun = 0
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
    begin(first) {
      // The last number may be of long ago, and a page that sees up to it only has no next one.
      s = Math.max(s, first * 1000 - 1)
      const place = { before: s }
      flying.push(place)
      begun++
      return place
    },
    still() {
      const [before, isIdle] = [begun, flying.length === 0]
      return () => isIdle && begun === before
    },
    end(place, seen) {
      flying.splice(flying.indexOf(place), 1)
      for (const each of flying) each.before = Math.max(each.before, seen)
    },
    asOf(least) {
      const [first] = flying
      heard = Math.max(heard, least)
      // To the end of the millisecond: what another process has told of may be of it.
      const seen = Math.max(first?.before ?? now() * 1000 + 999, heard)
      s = Math.max(s, seen)
      // Else what is written next would come before it by its instant, and after it by its number.
      at = Math.max(at, Math.floor(least / 1000))
      return first ? seen : s
    },
    follows: number => number % slots === slot.number() || number < (now() - longest) * 1000,
  }
}

/**
 * A batch may begin as soon as the one before it is on its way: while one is made durable, the next is prepared. They are
 * committed one after the other, so that numbers, instants and what can be seen have one order.
 */

/** Where a batch ends: its last instant and number. */
export interface End {
  at: number
  s: number
}

/** The place of a batch among those that are being written. */
export interface Turn {
  /** Where those before it end. */
  after(): End | undefined
  /** After a failure: those before it have ended. It holds nothing meanwhile that they may need. */
  toBegin(): Promise<void>
  /** All of it is on its way: the next may begin. */
  sent(end: End): void
  /** Those before it are written. Throws Overtaken where they were not as they were prepared. */
  toCommit(): Promise<void>
  /** It did not get through: whoever came behind it was prepared for something else, and begins again when it has ended. */
  stumble(): void
  ended(): void
}

/** One that came before begins again. */
export class Overtaken extends Error {}

/** What the one behind it looks at. */
export interface Before {
  readonly end: End | undefined
  /** Whether it was written as it was prepared. */
  readonly straight: Promise<boolean>
  readonly over: Promise<void>
}

/** Behind another one, or the first. `onSent`: the next may begin. */
export function createTurn(previous: Before | undefined, onSent: () => void): Turn & Before {
  let before = previous
  const straight = Promise.withResolvers<boolean>()
  const over = Promise.withResolvers<void>()
  let end: End | undefined
  let stumbled = false
  return {
    get end() {
      return end
    },
    straight: straight.promise,
    over: over.promise,
    after: () => before?.end,
    toBegin: async () => (stumbled ? before?.over : undefined),
    sent(at) {
      end = at
      onSent()
    },
    async toCommit() {
      if (!stumbled && before && !(await before.straight)) throw new Overtaken()
    },
    stumble() {
      stumbled = true
      end = undefined
      straight.resolve(false)
    },
    ended() {
      // Else all that ever were would be kept, each by the next.
      before = undefined
      straight.resolve(true)
      over.resolve()
    },
  }
}

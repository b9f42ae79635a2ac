/** Who waits for a thread's answers, and which of them need not be answered any more. */

interface Caller {
  resolve(value: unknown): void
  reject(error: Error): void
}

interface Callers {
  /** Answers the place by which the thread names the call. */
  add(caller: Caller): number
  /** The call is answered and its place is free; absent: its caller has left. */
  take(place: number): Caller | undefined
  /** Its caller does not wait any more: the thread may stop. */
  leave(place: number): void
  /** All, who will get no answer. */
  clear(): Caller[]
  waiting(): number
}

/** Calls that can be stopped at once; those beyond are worked on to their end. */
const places = 1024

/** Shared with the thread: what stands at a place tells whether its caller has left. */
export const makeLeft = (): Int32Array => new Int32Array(new SharedArrayBuffer(4 * places))

export const hasLeft = (left: Int32Array, place: number): boolean =>
  place < left.length && Atomics.load(left, place) === 1

/** Places are used again: entries of a Map that come and go live on in its former tables (docs/decisions/0035). */
export function createCallers(left: Int32Array): Callers {
  const callers: (Caller | undefined)[] = []
  const free: number[] = []
  let waiting = 0
  const remove = (place: number) => {
    const caller = callers[place]
    callers[place] = undefined
    if (caller) waiting--
    return caller
  }
  const mark = (place: number, value: 0 | 1) => {
    if (place < left.length) Atomics.store(left, place, value)
  }
  return {
    add(caller) {
      const place = free.pop() ?? callers.length
      callers[place] = caller
      waiting++
      return place
    },
    take(place) {
      mark(place, 0)
      free.push(place)
      return remove(place)
    },
    leave(place) {
      mark(place, 1)
      remove(place)
    },
    clear: () => callers.map((_, place) => remove(place)).filter(caller => caller !== undefined),
    waiting: () => waiting,
  }
}

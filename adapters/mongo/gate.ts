/** So many at once, the others in turn; who comes when too many wait is refused. */
export interface Gate {
  waiting(): number
  /** `goesOn`: what it is a part of was let in before, so that it waits behind however many. */
  pass<T>(work: () => Promise<T>, goesOn?: boolean): Promise<T>
}

export function createGate(width: number, queue: number, refusal: () => Error): Gate {
  const waiting: (() => void)[] = []
  let inside = 0
  return {
    waiting: () => waiting.length,
    async pass(work, goesOn = false) {
      if (inside < width) inside++
      else {
        if (waiting.length >= queue && !goesOn) throw refusal()
        await new Promise<void>(resolve => waiting.push(resolve))
      }
      try {
        return await work()
      } finally {
        // Whoever is next takes the place that is left.
        const next = waiting.shift()
        if (next) next()
        else inside--
      }
    },
  }
}

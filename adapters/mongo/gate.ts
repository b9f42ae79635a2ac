/** So many at once, the others in turn; who comes when too many wait is refused. */
export interface Gate {
  waiting(): number
  pass<T>(work: () => Promise<T>): Promise<T>
}

export function createGate(width: number, queue: number, refusal: () => Error): Gate {
  const waiting: (() => void)[] = []
  let inside = 0
  return {
    waiting: () => waiting.length,
    async pass(work) {
      if (inside < width) inside++
      else {
        if (waiting.length >= queue) throw refusal()
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

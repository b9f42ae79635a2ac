/**
 * Newest versions that this process wrote lately, as far as what replaces them must know: who changes one again need not ask
 * for it. A version never changes, so what is known of it holds. Whether it is still the newest is told by the index, which
 * ends the transaction where it is not.
 */
import { nameIn, type Stored } from './document.ts'
import type { Replaced } from './plan.ts'

export interface Lately {
  /** Absent: it is not known, or the newest that is known is another. */
  get(name: string, number: number): Replaced | undefined
  wrote(version: Stored): void
}

const most = 10_000

export function createLately(): Lately {
  const known = new Map<string, Replaced>()
  return {
    get(name, number) {
      const found = known.get(name)
      return found?.v === number ? found : undefined
    },
    wrote({ _id, v, s, at, c, k }) {
      const name = nameIn(_id)
      const first = v === 1 ? at : known.get(name)?.first
      known.delete(name)
      known.set(name, { _id, v, s, at, c, k, ...(first === undefined ? {} : { first }) })
      const [oldest] = known.keys()
      if (known.size > most && oldest !== undefined) known.delete(oldest)
    },
  }
}

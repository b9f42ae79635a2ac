/** How many there are of an entry, as it was within the last minute: enough to choose by. */
export interface Sizes {
  get(key: string, count: () => Promise<number>): Promise<number>
}

const most = 5000
const minute = 60_000

export function createSizes(): Sizes {
  const known = new Map<string, { size: number; until: number }>()
  return {
    async get(key, count) {
      const found = known.get(key)
      if (found && found.until > performance.now()) return found.size
      const size = await count()
      if (known.size >= most) known.clear()
      // A long key is a rare question.
      if (key.length < 1000) known.set(key, { size, until: performance.now() + minute })
      return size
    },
  }
}

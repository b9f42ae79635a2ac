/** Numbers that are costly to find and good enough for a while. */
export interface Remembered {
  get(key: string, find: () => number): number
  clear(): void
}

/** How many are kept, and for how long (ms). */
const most = 2000
const minute = 60_000

export function remember(): Remembered {
  const known = new Map<string, { value: number; until: number }>()
  return {
    clear: () => known.clear(),
    get(key, find) {
      const now = performance.now()
      const found = known.get(key)
      if (found && found.until > now) return found.value
      const value = find()
      if (known.size >= most) known.clear()
      // A long key is a rare question.
      if (key.length < 2000) known.set(key, { value, until: now + minute })
      return value
    },
  }
}

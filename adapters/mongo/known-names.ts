/** The systems that codes of a parameter have, and the units of a system: known again where nobody else writes, until a new one is written. */
import { beat, type Slot } from './slot.ts'

export interface KnownNames {
  /** `of`: a tenant, a space, and the name of rows or a system of units. */
  get(of: string, read: () => Promise<string[]>): Promise<string[]>
  /** There is a new one, of whatever kind. */
  forget(): void
}

export function createKnownNames(slot: Pick<Slot, 'isAlone'>): KnownNames {
  const known = new Map<string, string[]>()
  let since = 0
  let changes = 0
  return {
    async get(of, read) {
      // Some seconds after another process came it is known of.
      const now = Math.floor(performance.now() / beat)
      if (now !== since) known.clear()
      since = now
      const found = slot.isAlone() ? known.get(of) : undefined
      if (found) return found
      const before = changes
      const names = await read()
      if (before === changes) known.set(of, names)
      return names
    },
    forget() {
      changes++
      known.clear()
    },
  }
}

/** The systems that codes of a parameter have, and the units of a system: known again where nobody else writes, until a new one is written. */
import type { Slot } from './slot.ts'

export interface KnownNames {
  /** `of`: a tenant, a space, and the name of rows or a system of units. */
  get(of: string, read: () => Promise<string[]>): Promise<string[]>
  /** There is a new one, of whatever kind. */
  forget(): void
}

export function createKnownNames(slot: Pick<Slot, 'aloneSince'>): KnownNames {
  const known = new Map<string, string[]>()
  let since: number | undefined
  let changes = 0
  return {
    async get(of, read) {
      const alone = slot.aloneSince()
      if (alone === undefined || alone !== since) known.clear()
      since = alone
      const found = known.get(of)
      if (found) return found
      const before = changes
      const names = await read()
      const isSame = alone !== undefined && since === alone && slot.aloneSince() === alone
      if (isSame && before === changes) known.set(of, names)
      return names
    },
    forget() {
      changes++
      known.clear()
    },
  }
}

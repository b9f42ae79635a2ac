/** The systems that codes of a parameter have: known again where nobody else writes, until a new one is written. */
import type { Slot } from './slot.ts'

export interface Systems {
  /** `name`: a tenant, a space, and the name of rows. */
  get(name: string, read: () => Promise<string[]>): Promise<string[]>
  /** There is a new one, of whatever parameter. */
  forget(): void
}

export function createSystems(slot: Pick<Slot, 'aloneSince'>): Systems {
  const known = new Map<string, string[]>()
  let since: number | undefined
  let changes = 0
  return {
    async get(name, read) {
      const alone = slot.aloneSince()
      if (alone === undefined || alone !== since) known.clear()
      since = alone
      const found = known.get(name)
      if (found) return found
      const before = changes
      const systems = await read()
      const isSame = alone !== undefined && since === alone && slot.aloneSince() === alone
      if (isSame && before === changes) known.set(name, systems)
      return systems
    },
    forget() {
      changes++
      known.clear()
    },
  }
}

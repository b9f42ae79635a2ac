/** The systems that codes of a parameter have: known again where nobody else writes, until a new one is written. */
import { beat, type Slot } from './slot.ts'

export interface Systems {
  /** `name`: a tenant, a space, and the name of rows. */
  get(name: string, read: () => Promise<string[]>): Promise<string[]>
  /** There is a new one, of whatever parameter. */
  forget(): void
}

export function createSystems(slot: Pick<Slot, 'isAlone'>): Systems {
  const known = new Map<string, string[]>()
  let since = 0
  let changes = 0
  return {
    async get(name, read) {
      // Some seconds after another process came it is known of.
      const now = Math.floor(performance.now() / beat)
      if (now !== since) known.clear()
      since = now
      const found = slot.isAlone() ? known.get(name) : undefined
      if (found) return found
      const before = changes
      const systems = await read()
      if (before === changes) known.set(name, systems)
      return systems
    },
    forget() {
      changes++
      known.clear()
    },
  }
}

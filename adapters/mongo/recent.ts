/**
 * Newest versions that this process wrote, for as long as nobody else writes: who reads or changes one soon after need not
 * ask the database. One that is about to be replaced is forgotten before, so that no read goes back behind another.
 */
import type { Version } from '../../resources/store.ts'
import type { Slot } from './slot.ts'

export interface Recent {
  /** Absent: the database has to be asked. */
  get(name: string): Version | undefined
  /** These may be replaced from now on; what is told to have been written is kept where nobody else could write since. */
  replacing(names: Iterable<string>): (name: string, written: Version) => void
}

/** Characters of JSON that are kept, and of the largest that is. */
const most = 16_000_000
const largest = 100_000
/** What is kept of each beside its JSON, in characters. */
const rest = 200

const sizeOf = ({ json = '' }: Version): number => json.length + rest

export function createRecent(slot: Pick<Slot, 'aloneSince'>): Recent {
  const known = new Map<string, Version>()
  let since: number | undefined
  let size = 0

  function forget(name: string): void {
    const version = known.get(name)
    if (!version) return
    size -= sizeOf(version)
    known.delete(name)
  }

  /** Whether nobody else has written since all of these were. */
  function holds(): boolean {
    const now = slot.aloneSince()
    if (now !== undefined && now === since) return true
    known.clear()
    size = 0
    since = now
    return now !== undefined
  }

  function keep(name: string, version: Version): void {
    forget(name)
    if (sizeOf(version) > largest) return
    known.set(name, version)
    size += sizeOf(version)
    for (const oldest of known.keys()) {
      if (size <= most) return
      forget(oldest)
    }
  }

  return {
    get: name => (holds() ? known.get(name) : undefined),
    replacing(names) {
      for (const name of names) forget(name)
      const before = holds() ? since : undefined
      return (name, written) => {
        if (before !== undefined && holds() && since === before) keep(name, written)
      }
    },
  }
}

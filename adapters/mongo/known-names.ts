/**
 * Names that a search looks up before it asks for versions: the systems that codes of a parameter have, the labels with a part
 * in them, the units of a system. What got a new one in between must not be missed. Systems and units are known again where
 * nobody else writes, until there is a new one.
 */
import type { Slot } from './slot.ts'

export interface Names {
  /** `of`: a tenant, a space, and the name of rows or a system of units. Absent: they are not kept. */
  get(of: string | undefined, read: () => Promise<string[]>): Promise<string[]>
}

export interface KnownNames extends Names {
  /** There is a new one, of whatever kind. */
  forget(): void
  /** All that the work reads is as of one instant, the names too; again where it went by some that had been known too long. */
  asOne<T>(work: (names: Names) => Promise<T>): Promise<T>
  /** By names that are read, where nobody else writes meanwhile; absent: somebody may have. */
  whileAlone<T>(work: (names: Names) => Promise<T>): Promise<T | undefined>
}

export function createKnownNames(slot: Pick<Slot, 'aloneSince'>): KnownNames {
  const known = new Map<string, string[]>()
  let since: number | undefined
  let changes = 0

  /** Whether nobody has written a new one from now on. */
  function watch(): () => boolean {
    const [alone, before] = [slot.aloneSince(), changes]
    if (alone === undefined || alone !== since) known.clear()
    since = alone
    return () =>
      alone !== undefined && since === alone && slot.aloneSince() === alone && before === changes
  }

  const getBy =
    (isSame: () => boolean, onKnown = () => {}): Names['get'] =>
    async (of, read) => {
      const found = of !== undefined && isSame() ? known.get(of) : undefined
      if (found) {
        onKnown()
        return found
      }
      const names = await read()
      if (of !== undefined && isSame()) known.set(of, names)
      return names
    }

  return {
    get: (of, read) => getBy(watch())(of, read),
    forget() {
      changes++
      known.clear()
    },
    async asOne(work) {
      const isSame = watch()
      let wentByKnown = false
      const onKnown = () => {
        wentByKnown = true
      }
      const result = await work({ get: getBy(isSame, onKnown) })
      return !wentByKnown || isSame() ? result : work({ get: (_, read) => read() })
    },
    async whileAlone(work) {
      const alone = slot.aloneSince()
      const result = alone === undefined ? undefined : await work({ get: (_, read) => read() })
      return slot.aloneSince() === alone ? result : undefined
    },
  }
}

/** What the searches of a process found out and may go by again. */
import { createKnownNames } from './known-names.ts'
import { createFound } from './query/found.ts'
import { createSizes } from './query/sizes.ts'
import type { Slot } from './slot.ts'
import type { Source } from './source.ts'

export type Remembered = Pick<Source, 'sizes' | 'found' | 'known'>

export const createRemembered = (slot: Pick<Slot, 'aloneSince'>): Remembered => ({
  sizes: createSizes(),
  found: createFound(slot),
  known: createKnownNames(slot),
})

/** What the searches of a process found out and may go by again. */
import { createCounts } from './counts.ts'
import { createKnownNames } from './known-names.ts'
import { createFound } from './query/found.ts'
import { createSizes } from './query/sizes.ts'
import type { Slot } from './slot.ts'
import type { Source } from './source.ts'

export type Remembered = Pick<Source, 'sizes' | 'found' | 'counts' | 'known'>

export const createRemembered = (slot: Pick<Slot, 'aloneSince'>): Remembered => ({
  sizes: createSizes(),
  found: createFound(slot),
  counts: createCounts(slot),
  known: createKnownNames(slot),
})

/** What the searches of a process found out and may go by again. */
import { createCounts } from './counts.ts'
import { createKnownNames } from './known-names.ts'
import type { Order } from './order.ts'
import { createFound, type KnownFound } from './query/found.ts'
import { createSizes } from './query/sizes.ts'
import type { Slot } from './slot.ts'
import type { Source } from './source.ts'

export type Remembered = Pick<Source, 'sizes' | 'counts' | 'known'> & { found: KnownFound }

export const createRemembered = (
  slot: Pick<Slot, 'aloneSince'>,
  order: Pick<Order, 'follows'>,
): Remembered => ({
  sizes: createSizes(),
  found: createFound(slot, order),
  counts: createCounts(slot, order),
  known: createKnownNames(slot),
})

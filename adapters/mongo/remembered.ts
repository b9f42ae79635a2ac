/** What a process found out or wrote, and may go by again. */
import { createCounts } from './counts.ts'
import { createKnownNames } from './known-names.ts'
import type { Order } from './order.ts'
import { createFound, type KnownFound } from './query/found.ts'
import { createSizes } from './query/sizes.ts'
import { createRecent, type Recent } from './recent.ts'
import type { Slot } from './slot.ts'
import type { Source } from './source.ts'

export type Remembered = Pick<Source, 'sizes' | 'counts' | 'known'> & {
  found: KnownFound
  recent: Recent
}

export const createRemembered = (
  slot: Pick<Slot, 'aloneSince'>,
  order: Pick<Order, 'follows'>,
): Remembered => ({
  sizes: createSizes(),
  found: createFound(slot, order),
  counts: createCounts(slot, order),
  known: createKnownNames(slot),
  recent: createRecent(slot),
})

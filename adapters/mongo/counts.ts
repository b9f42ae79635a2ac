/** Counts of searches: nothing was written since, so the pages of one search, and of those who look at the same, are counted once. */
import type { Query } from '../../resources/search/query.ts'
import type { Tenant } from '../../resources/store.ts'
import { newestOf } from './facts.ts'
import type { Order } from './order.ts'
import { createSizes } from './query/sizes.ts'
import type { Slot } from './slot.ts'
import { limitsOf, type Source } from './source.ts'

export interface Counts {
  /** Before the instant that a search reads as of. */
  begin(): Count
  /** What resources are found by has changed without a version. */
  forget(): void
}

/** What was counted, of all that a source sees, or what is counted now. */
export type Count = (
  source: Source,
  asked: { tenant: Tenant; query: Query; atMost: number | undefined },
  count: () => Promise<number>,
) => Promise<number>

export function createCounts(
  slot: Pick<Slot, 'aloneSince'>,
  order: Pick<Order, 'follows'>,
): Counts {
  const known = createSizes()
  let changes = 0
  return {
    begin() {
      // Commits of several processes may come to sight in another order than that of their numbers.
      const since = slot.aloneSince()
      const before = changes
      return async (source, { tenant, query: { types, where }, atMost }, count) => {
        if (since === undefined) return count()
        const { resource } = source.collections
        const last = await newestOf(resource, tenant, undefined, limitsOf(source))
        if (!order.follows(last)) return count()
        return known.get(JSON.stringify([last, since, before, tenant, atMost, types, where]), count)
      }
    },
    forget() {
      changes++
    },
  }
}

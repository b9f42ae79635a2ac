/** Counts of searches: nothing was written since, so the pages of one search, and of those who look at the same, are counted once. */
import type { Query } from '../../resources/search/query.ts'
import type { Tenant } from '../../resources/store.ts'
import { createSizes } from './query/sizes.ts'
import { countHits } from './search.ts'
import type { Slot } from './slot.ts'
import type { Source } from './source.ts'

export interface Counts {
  /** How many there are, counted up to a bound. */
  count(source: Source, tenant: Tenant, query: Query, atMost?: number): Promise<number>
  /** What resources are found by has changed without a version. */
  forget(): void
}

/** `lastOf`: the number of the last change to anything. */
export function createCounts(slot: Slot, lastOf: (tenant: Tenant) => Promise<number>): Counts {
  const known = createSizes()
  let changes = 0
  return {
    async count(source, tenant, query, atMost) {
      const now = () => countHits(source, tenant, query, atMost)
      // Commits of several processes may come to sight in another order than that of their numbers.
      const since = slot.aloneSince()
      if (since === undefined) return now()
      const last = await lastOf(tenant)
      const { types, where } = query
      return known.get(JSON.stringify([last, since, changes, tenant, atMost, types, where]), now)
    },
    forget() {
      changes++
    },
  }
}

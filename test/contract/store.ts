import { describe, test } from '@jest/globals'
import type { Store } from '../../resources/store.ts'
import { adoptContract } from './store/adopt.ts'
import { closeContract } from './store/close.ts'
import { commitContract } from './store/commit.ts'
import { eventContract } from './store/events.ts'
import { historyContract } from './store/history.ts'
import { inspectContract } from './store/inspect.ts'
import { leaseContract } from './store/leases.ts'
import { modelContract } from './store/model.ts'
import { reachContract } from './store/reach.ts'
import { reindexContract } from './store/reindex.ts'
import { searchContract } from './store/search.ts'
import { tenantContract } from './store/tenants.ts'
import { textContract } from './store/texts.ts'
import { totalContract } from './store/total.ts'

/** What a test sets, and the store takes for the time (ms). */
interface Clock {
  now: number
}

/** Makes an empty store that asks this clock. */
export type Open = (now: () => number) => Promise<Store>

/** One claim, tried on a store of its own. */
export type Claim = (title: string, run: (store: Store, clock: Clock) => Promise<void>) => void

/** What every Store must do, whatever it keeps the versions in. */
export function storeContract(name: string, open: Open): void {
  const claim: Claim = (title, run) => {
    test(title, async () => {
      const clock = { now: Date.UTC(2026, 0, 1) }
      const store = await open(() => clock.now)
      try {
        await run(store, clock)
      } finally {
        await store.close()
      }
    })
  }

  describe(`${name}: commits`, () => commitContract(claim))
  describe(`${name}: history`, () => historyContract(claim))
  describe(`${name}: search`, () => {
    searchContract(claim, open)
    reachContract(open)
    textContract(claim)
    totalContract(claim)
  })
  describe(`${name}: tenants`, () => tenantContract(claim))
  describe(`${name}: events`, () => eventContract(claim))
  describe(`${name}: inspection`, () => inspectContract(claim))
  describe(`${name}: leases`, () => leaseContract(claim))
  describe(`${name}: rows of a new parameter`, () => reindexContract(claim))
  describe(`${name}: taking over`, () => adoptContract(open))
  describe(`${name}: close`, () => closeContract(open))
  describe(`${name}: any sequence of commits`, () => modelContract(open))
}

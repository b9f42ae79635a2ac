/** What the searches of checks find, on which it depends whether a commit is written. */
import type { Timestamp } from 'mongodb'
import type { Query } from '../../resources/search/query.ts'
import type { Check, Tenant } from '../../resources/store.ts'
import type { Within } from './commands.ts'
import { createGate } from './gate.ts'
import { timeAfterGuards } from './guard.ts'
import type { Waiting } from './plan.ts'
import type { Slot } from './slot.ts'

/** `early`: as of this time of the database or later. */
export type SearchIds = (
  tenant: Tenant,
  query: Query,
  early: () => Promise<Timestamp>,
) => Promise<string[]>

interface Asking {
  searchIds: SearchIds
  session: Pick<Within, 'db' | 'maxTimeMS'>
  slot: Pick<Slot, 'number'>
}

/** Searches at once. */
const width = 8

/**
 * Asked beside the transaction, which takes one command at a time. Its guards are taken by now: whoever wrote by the same
 * criteria is seen, also where most members do not have it yet, and whoever will, waits.
 */
export async function answersTo(
  batch: readonly Waiting[],
  { searchIds, session, slot }: Asking,
): Promise<Map<Check, PromiseSettledResult<string[]>>> {
  const gate = createGate(width, Number.POSITIVE_INFINITY, () => new Error('never'))
  let time: Promise<Timestamp> | undefined
  const early = () => {
    time ??= timeAfterGuards(session, slot.number())
    return time
  }
  const all = batch.flatMap(({ tenant, commit: { checks = [] } }) =>
    checks.map(check => ({ tenant, check })),
  )
  const answers = await Promise.allSettled(
    all.map(({ tenant, check: { query, ids } }) =>
      gate.pass(() => searchIds(tenant, { ...query, count: ids.length + 1 }, early)),
    ),
  )
  return new Map(all.map(({ check }, index) => [check, answers[index] as (typeof answers)[0]]))
}

import type { IndexState } from '../../resources/parameters.ts'
import { typesOf } from '../../resources/search/own.ts'
import type { Tenant } from '../../resources/store.ts'
import { type ReindexParts, rest } from './job.ts'

/** Rows deleted in one step: writes wait for it. */
const slice = 1000

/** Deletes the rows of an index. False: it was ended. */
export async function dropIndex(
  { facts, rows }: IndexState,
  tenant: Tenant,
  { store }: ReindexParts,
  signal: AbortSignal,
): Promise<boolean> {
  for (const type of typesOf(facts))
    for (let more = true; more; ) {
      if (signal.aborted) return false
      const began = performance.now()
      more = await store.dropRows(tenant, type, rows, slice)
      await rest(began, signal)
    }
  return true
}

import { typesOf } from '../../resources/search/own.ts'
import type { Tenant } from '../../resources/store.ts'
import { type Job, lease, type ReindexParts, rest } from './job.ts'

/** Rows deleted in one step: writes wait for it. */
const slice = 1000

/** Deletes the rows of an index. False: it was ended, or is somebody else's. */
export async function dropIndex(
  job: Job,
  tenant: Tenant,
  { store }: ReindexParts,
  signal: AbortSignal,
): Promise<boolean> {
  let saved = performance.now()
  for (const type of typesOf(job.state.facts))
    for (let more = true; more; ) {
      if (signal.aborted) return false
      const began = performance.now()
      more = await store.dropRows(tenant, type, job.state.rows, slice)
      if (performance.now() - saved > lease / 4) {
        if (!(await job.save({}))) return false
        saved = performance.now()
      }
      await rest(began, signal)
    }
  return true
}

import { setTimeout as wait } from 'node:timers/promises'
import { printJson } from '../../resources/json.ts'
import type { IndexState, Parameters, StoredIndex } from '../../resources/parameters.ts'
import type { Resource } from '../../resources/resource.ts'
import {
  type Change,
  CommitConflict,
  type Extract,
  type Store,
  type Tenant,
} from '../../resources/store.ts'
import type { Leases } from '../leases.ts'
import type { Log } from '../log.ts'

export interface ReindexParts {
  store: Store
  parameters: Parameters
  extract(resource: Resource): Extract
  /** Names the revision of the extraction, and what it depends on. Each process tells the others its own. */
  extractor: string
  tenants: () => Tenant[]
  now: () => number
  leases: Leases
  log: Log
}

/** An index that this process works on. Each step is saved only where nobody else has changed the state meanwhile. */
export interface Job {
  readonly state: IndexState
  /** False: it is no more what it was. */
  save(more: Partial<IndexState>): Promise<boolean>
  /** Further, without saving it. */
  advance(more: Partial<IndexState>): void
  forget(): Promise<boolean>
}

export function createJob(tenant: Tenant, index: StoredIndex, parts: ReindexParts): Job {
  const space = parts.parameters.space(tenant)
  let { number, state } = index
  return {
    get state() {
      return state
    },
    async save(more) {
      const next: IndexState = { ...state, ...more }
      if (!(await saveState(space, { number, state: next }, parts))) return false
      number++
      state = next
      return true
    },
    advance(more) {
      state = { ...state, ...more }
    },
    forget: () => saveState(space, { number, state, gone: true }, parts),
  }
}

/**
 * ms after which no process writes any more by what it knew before: it may hold for 4 s until a write takes its place in
 * the order, and that write may wait and take 20 s.
 */
const settling = 25_000

/** Waits until all other processes write by what the state says, before what is stored is read; for none that has ended. */
export async function settled(
  { since = 0 }: IndexState,
  { leases, now }: ReindexParts,
  signal: AbortSignal,
): Promise<void> {
  // Clocks of machines may differ.
  const due = Math.min(settling, since + settling - now())
  const until = performance.now() + due
  for (let left = due; left > 0 && !signal.aborted; left = until - performance.now()) {
    if ((await leases.others()).length === 0) return
    await wait(Math.min(left, 1000), undefined, { signal }).catch(() => {})
  }
}

/** As long as the step took: those who work with the server have the other half. */
export const rest = (began: number, signal: AbortSignal): Promise<void> =>
  wait(Math.min(1000, performance.now() - began), undefined, { signal }).catch(() => {})

/** False: it is not the newest version any more. */
export async function saveState(
  space: Tenant,
  { number, state, gone = false }: StoredIndex & { gone?: boolean },
  { store }: Pick<ReindexParts, 'store'>,
): Promise<boolean> {
  const change: Change = {
    type: 'index',
    id: state.id,
    method: gone ? 'delete' : number === 0 ? 'create' : 'update',
    replaces: number,
    ...(gone ? {} : { json: printJson(state) }),
    extract: { rows: [], present: [] },
    ...(number === 0 ? {} : { old: { rows: [], present: [] } }),
  }
  try {
    await store.commit(space, () => ({ changes: [change] }))
    return true
  } catch (error) {
    if (error instanceof CommitConflict) return false
    throw error
  }
}

import { setTimeout as wait } from 'node:timers/promises'
import { printJson } from '../../resources/json.ts'
import {
  baseId,
  type IndexState,
  type Parameters,
  type StoredIndex,
} from '../../resources/parameters.ts'
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
 * ms after which no process writes any more by what it knew before, also one that tells nothing: it may hold for 4 s until a
 * write takes its place in the order, and that write may wait and take 20 s.
 */
const settling = 25_000
/** ms between two looks. */
const lookEvery = 250

/** Waits until all other processes write by what the state says, before what is stored is read; for none that has ended. */
export async function settled(
  { id, state, since = 0 }: IndexState,
  tenant: Tenant,
  parts: ReindexParts,
  signal: AbortSignal,
): Promise<void> {
  const { leases, now } = parts
  // What all are told by their word, they have gone by since they began.
  if (id === baseId) return
  // Whoever takes over from this process need not wait for it.
  await tell(tenant, parts)
  const goesByIt = (revision: string | undefined) =>
    revision?.split(',').includes(id) === (state === 'building')
  // Clocks of machines may differ.
  const due = Math.min(settling, since + settling - now())
  const until = performance.now() + due
  for (let left = due; left > 0 && !signal.aborted; left = until - performance.now()) {
    if ((await leases.told(rowsOf(tenant))).every(goesByIt)) return
    await wait(Math.min(left, lookEvery), undefined, { signal }).catch(() => {})
  }
}

const rowsOf = (tenant: Tenant): string => `rows/${tenant}`

/** ms between two tellings: what is known is as old at most. */
const tellEvery = 1000

async function tell(tenant: Tenant, { parameters, leases }: ReindexParts): Promise<void> {
  const revision = parameters.settled(tenant)
  if (revision !== undefined) await leases.tell(rowsOf(tenant), revision)
}

/** Tells the other processes, until `signal`, which indexes all that is written here has rows for. */
export async function keepTelling(parts: ReindexParts, signal: AbortSignal): Promise<void> {
  const { tenants, parameters, now } = parts
  while (!signal.aborted) {
    for (const tenant of tenants())
      try {
        await parameters.fresh({ tenant, now })
        await tell(tenant, parts)
      } catch {
        // It is told again soon; meanwhile the others wait.
      }
    await wait(tellEvery, undefined, { signal, ref: false }).catch(() => {})
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

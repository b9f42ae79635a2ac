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
import type { Log } from '../log.ts'

export interface ReindexParts {
  store: Store
  parameters: Parameters
  extract(resource: Resource): Extract
  /** Names the revision of the extraction, and what it depends on. */
  extractor: string
  tenants: () => Tenant[]
  now: () => number
  /** Tells this process from others that work on the same store. */
  owner: string
  /** No other process works on the store: what says so was left by one that ended. */
  alone: boolean
  log: Log
}

/** ms for which a job is its owner's without a sign of life. */
export const lease = 10_000
/** An index that this process works on. Each step is saved only where nobody else has changed the state meanwhile. */
export interface Job {
  readonly state: IndexState
  /** False: it is somebody else's now, or no more what it was. */
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
      const owned = { owner: parts.owner, until: parts.now() + lease }
      const next: IndexState = { ...state, ...owned, ...more }
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

/** Without the place and the owner of a job. */
export function free({ type, after, owner, until, ...state }: IndexState): IndexState {
  return state
}

/** As long as the step took: those who work with the server have the other half. */
export const rest = (began: number, signal: AbortSignal): Promise<void> =>
  wait(Math.min(1000, performance.now() - began), undefined, { signal }).catch(() => {})

/** False: it is not the newest version any more. */
export async function saveState(
  space: Tenant,
  { number, state, gone = false }: StoredIndex & { gone?: boolean },
  { store }: ReindexParts,
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

import type { Tenant } from './store.ts'

/** Whose request this is and what it may not make up by itself: time and ids. */
export interface Context {
  tenant: Tenant
  requestId: string
  /** Aborted when nobody waits for the answer any more: searches stop. */
  signal?: AbortSignal
  /** Milliseconds since 1970. */
  now(): number
  /** A new resource id, unique in the store. */
  newId(): string
}

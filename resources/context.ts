import type { Tenant } from './store.ts'

/** Whose request this is and what it may not make up by itself: time and ids. */
export interface Context {
  tenant: Tenant
  requestId: string
  /** Milliseconds since 1970. */
  now(): number
  /** A new resource id, unique in the store. */
  newId(): string
}

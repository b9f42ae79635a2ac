import type { ClientSession } from 'mongodb'
import type { Tenant } from '../../resources/store.ts'
import type { Collections } from './collections.ts'
import type { Sizes } from './query/sizes.ts'

/** What a search reads from. */
export interface Source {
  collections: Collections
  /** Of the store: what its searches found out. */
  sizes: Sizes
  /** Until when it may take, by performance.now(). */
  until: number
  signal?: AbortSignal | undefined
  /** The transaction that it is part of: one command at a time. */
  session?: ClientSession | undefined
  /** ms since 1970 */
  now(): number
  /** The commit number that pages which begin now see up to: commits to come get greater ones. */
  asOf(tenant: Tenant): Promise<number>
}

interface Limits {
  maxTimeMS: number
  session?: ClientSession
  signal?: AbortSignal
}

/** The options of each command of a search. */
export const limitsOf = ({ until, session, signal }: Source): Limits => ({
  maxTimeMS: Math.max(1, Math.ceil(until - performance.now())),
  ...(session ? { session } : {}),
  ...(signal ? { signal } : {}),
})

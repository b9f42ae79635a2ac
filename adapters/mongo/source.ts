import type { ClientSession } from 'mongodb'
import type { Tenant } from '../../resources/store.ts'
import type { Collections } from './collections.ts'
import type { KnownNames } from './known-names.ts'
import type { Sizes } from './query/sizes.ts'

/** What a search reads from. */
export interface Source {
  collections: Collections
  /** Of the store: what its searches found out. */
  sizes: Sizes
  names: KnownNames
  /** Until when it may take, by performance.now(). */
  until: number
  signal?: AbortSignal | undefined
  /** Whether it sees what most members do not have yet. */
  early?: boolean
  /** All of it reads as of one instant. */
  session?: ClientSession
  /** ms since 1970 */
  now(): number
  /** The commit number that pages which begin now see up to: commits to come get greater ones. */
  asOf(tenant: Tenant): Promise<number>
  /** Reads as of one instant, by a source with a session. */
  together<T>(work: (source: Source) => Promise<T>): Promise<T>
}

interface Limits {
  maxTimeMS: number
  readConcern?: { level: 'local' }
  signal?: AbortSignal
  session?: ClientSession
}

/** The options of each command of a search. */
export const limitsOf = ({ until, early, signal, session }: Source): Limits => ({
  maxTimeMS: Math.max(1, Math.ceil(until - performance.now())),
  ...(early ? { readConcern: { level: 'local' } } : {}),
  ...(signal ? { signal } : {}),
  ...(session ? { session } : {}),
})

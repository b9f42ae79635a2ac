import type { ClientSession, Timestamp } from 'mongodb'
import type { Tenant } from '../../resources/store.ts'
import type { Collections } from './collections.ts'
import type { Counts } from './counts.ts'
import type { KnownNames, Names } from './known-names.ts'
import type { Found } from './query/found.ts'
import type { Sizes } from './query/sizes.ts'

/** What a search reads from. */
export interface Source {
  collections: Collections
  /** Of the store: what its searches found out. */
  sizes: Sizes
  /** Of the store: what its chains lead to. */
  found: Found
  /** Of the store: how many there were. */
  counts: Counts
  /** Of the store; `names` are those that this search goes by. */
  known: KnownNames
  names: Names
  /** Until when it may take, by performance.now(). */
  until: number
  signal?: AbortSignal | undefined
  /** It sees all up to a time of the database, though most members may not have it yet. */
  early?: () => Promise<Timestamp>
  /** All of it reads as of one instant. */
  session?: ClientSession
  /** ms since 1970 */
  now(): number
  /** Whether nobody is about to write from now until that is asked, as far as this process can tell. */
  still(): () => boolean
  /** The commit number that pages which begin now see up to: commits to come get greater ones. */
  asOf(tenant: Tenant): Promise<number>
  /** A session all of whose reads are as of one instant: this one, once most members have it, or that of the first. */
  inSession<T>(at: Timestamp | undefined, work: (session: ClientSession) => Promise<T>): Promise<T>
}

interface Limits {
  maxTimeMS: number
  readConcern?: { level: 'local' | 'snapshot' }
  signal?: AbortSignal
  session?: ClientSession
}

/** The options of each command of a search. A session does not say by itself how it reads where the client does. */
export const limitsOf = ({ until, early, signal, session }: Source): Limits => ({
  maxTimeMS: Math.max(1, Math.ceil(until - performance.now())),
  ...(early ? { readConcern: { level: 'local' } } : {}),
  ...(signal ? { signal } : {}),
  ...(session ? { session, readConcern: { level: 'snapshot' } } : {}),
})

/**
 * Reads as of one instant, by a source with a session: all that was acknowledged before its first command is in it.
 * https://www.mongodb.com/docs/manual/reference/read-concern-snapshot/
 */
export async function together<T>(
  source: Source,
  work: (source: Source) => Promise<T>,
): Promise<T> {
  if (source.session) return work(source)
  const from = performance.now()
  const at = await source.early?.()
  // To wait until most members have it is no part of the search.
  const until = source.until + performance.now() - from
  return source.inSession(at, session => work({ ...source, session, until }))
}

/** A search by names that are looked up first: as if they were read together with the versions. */
export async function steadily<T>(
  source: Source,
  work: (source: Source) => Promise<T>,
): Promise<T> {
  const { known, early } = source
  // What this process writes waits for its checks: where it is alone, nothing changes under them.
  const found = early ? await known.whileAlone(names => work({ ...source, names })) : undefined
  return found ?? known.asOne(names => together({ ...source, names }, work))
}

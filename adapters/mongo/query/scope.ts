import type { Document } from 'mongodb'
import type { Step, Tenant } from '../../../resources/store.ts'
import { isTooLarge } from '../errors.ts'
import { limitsOf, type Source } from '../source.ts'
import { tooWide } from './widest.ts'

/** What a query is compiled with. */
export interface Scope {
  source: Source
  tenant: Tenant
  types: string[]
  /** Where pages go on: the state they see. Absent: that of now. */
  past?: Past
  /** For those who ask how a search is answered: what was done. */
  tell?: (step: Step) => void
}

export interface Past {
  seq: number
  /** Resources (by `c`) that the first page has shown as they became after that. */
  seen: number[]
  /** Whether anything was superseded since: to be asked after what is there now was read. */
  changed(): Promise<boolean>
}

/** So many of an entry are counted: more is more. */
export const counted = 1000

export const within = (scope: Scope, types: string[]): Scope => ({ ...scope, types })

export const find = <T extends Document>(
  { source }: Scope,
  filter: Document,
  options: {
    hint: Document
    projection: Document
    sort?: Document
    limit?: number
    maxTimeMS?: number
    /** The ends of a range of the index of `hint`: this one is in it, */
    min?: Document
    /** and this one behind it. */
    max?: Document
  },
): Promise<T[]> =>
  within16MB(filter, () =>
    source.collections.resource
      .find<T>(filter, { ...limitsOf(source), ...options, batchSize: options.limit ?? 10_000 })
      .toArray(),
  )

export const aggregate = <T extends Document>(
  { source }: Scope,
  stages: Document[],
  hint: Document,
): Promise<T[]> =>
  within16MB(stages, () =>
    source.collections.resource
      .aggregate<T>(stages, { ...limitsOf(source), hint, batchSize: 10_000 })
      .toArray(),
  )

/** A command is a document itself: what one that is too large asks for is the caller's. */
async function within16MB<T>(asked: unknown, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    throw isTooLarge(error) ? tooWide(asked, error) : error
  }
}

/** How many there are, up to a bound. */
export async function count(
  scope: Scope,
  filter: Document,
  { hint, limit }: { hint: Document; limit?: number },
): Promise<number> {
  const stages = [
    { $match: filter },
    ...(limit === undefined ? [] : [{ $limit: limit }]),
    { $group: { _id: 1, n: { $sum: 1 } } },
  ]
  const [found] = await aggregate<{ n: number }>(scope, stages, hint)
  return found?.n ?? 0
}

/** The same, up to a bound, as it was within the last minute: enough to choose by. `by`: what says which these are. */
export function roughly(
  scope: Scope,
  filter: Document,
  { hint, limit, by = filter }: { hint: Document; limit: number; by?: unknown },
): Promise<number> {
  const key = JSON.stringify([limit, by])
  return scope.source.sizes.get(key, () => count(scope, filter, { hint, limit }))
}

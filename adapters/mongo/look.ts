/** What there is, before a batch is written. */
import type { Change } from '../../resources/store.ts'
import type { Collections } from './collections.ts'
import type { Connection } from './connection.ts'
import { idOf, nameIn, nameOf, type Stored } from './document.ts'
import { createLately, type Lately } from './lately.ts'
import { asksFirst, type Replaced, type Taken, type Waiting } from './plan.ts'
import type { Session } from './transact.ts'

interface Named {
  name: string
  change: Change
}

const namedIn = (batch: readonly Waiting[]): Named[] =>
  batch.flatMap(({ tenant, commit }) =>
    commit.changes.map(change => ({ name: nameOf(tenant, change.type, change.id), change })),
  )

export interface Look {
  /**
   * The newest versions of what is replaced, those written lately unasked. Where one is careful, all are asked for, of what
   * is made too: else whether it is there already is told by the index, which ends the transaction.
   */
  replacedBy(
    batch: readonly Waiting[],
    how: { session: Session; careful: boolean },
  ): Promise<Map<string, Replaced>>
  /** The tries of which no answer came, though they were made: all of a try is there, or nothing of it. */
  landedOf(batch: readonly Waiting[]): Promise<Taken[]>
  /** They are written. */
  wrote(versions: readonly Stored[]): void
}

export function createLook({
  collections,
  primary,
}: Pick<Connection, 'collections' | 'primary'>): Look {
  const lately = createLately()
  return {
    replacedBy: (batch, how) => replacedBy(collections, batch, { ...how, lately }),
    async landedOf(batch) {
      const tried = batch.flatMap(({ tried }) => tried)
      return tried.length > 0 ? primary.read(() => landedOf(collections, tried)) : []
    },
    wrote: versions => versions.forEach(lately.wrote),
  }
}

async function replacedBy(
  { resource }: Collections,
  batch: readonly Waiting[],
  { session, lately, careful }: { session: Session; lately: Lately; careful: boolean },
): Promise<Map<string, Replaced>> {
  const options = { session: session.session, maxTimeMS: session.maxTimeMS }
  const found = new Map<string, Replaced>()
  const all = namedIn(batch).filter(({ change }) => careful || change.replaces > 0)
  const unknown = all.filter(({ name, change }) => {
    const known = careful ? undefined : lately.get(name, change.replaces)
    if (known) found.set(name, known)
    return !known
  })
  if (unknown.length > 0) {
    const newest = await resource
      .find({ n: { $in: unknown.map(({ name }) => name) } }, options)
      .project<Replaced>({ v: 1, s: 1, at: 1, c: 1, k: 1 })
      .toArray()
    for (const each of newest) found.set(nameIn(each._id), each)
  }
  const asking = all.filter(
    ({ name, change }) => asksFirst(change) && found.get(name)?.first === undefined,
  )
  if (asking.length === 0) return found
  const firsts = await resource
    .find({ _id: { $in: asking.map(({ name }) => idOf(name, 1)) } }, options)
    .project<{ _id: string; at: number }>({ at: 1 })
    .toArray()
  for (const { _id, at } of firsts) {
    const of = found.get(nameIn(_id))
    if (of) of.first = at
  }
  return found
}

async function landedOf(
  { resource, outbox }: Collections,
  tried: readonly Taken[],
): Promise<Taken[]> {
  const versions = await resource
    .find({ _id: { $in: tried.flatMap(({ stored: [first] }) => first?._id ?? []) } })
    .project<{ _id: string; s: number }>({ s: 1 })
    .toArray()
  const events = await outbox
    .find({ _id: { $in: tried.flatMap(({ events: [first] }) => first?._id ?? []) } })
    .toArray()
  const there = new Set([...versions, ...events].map(keyOf))
  return tried.filter(({ stored: [first], events: [event] }) => {
    const one = first ?? event
    return one !== undefined && there.has(keyOf(one))
  })
}

/** Another process may have made the same version, but not under the same number. */
const keyOf = (one: { _id: string | number; s?: number }): string => `${one._id} ${one.s}`

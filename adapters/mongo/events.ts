/** What the outside is still to be told: written with the versions, forgotten when it was told. */
import type { Collection } from 'mongodb'
import type { Event } from '../../resources/store.ts'
import type { Collections, Outgoing } from './collections.ts'
import { atTheEdge } from './errors.ts'
import { limitsOf, type Source } from './source.ts'

export async function undelivered(
  source: Source,
  limit: number,
): Promise<{ event: Event; done(): Promise<void> }[]> {
  const { outbox } = source.collections
  const found = await outbox.find({}, limitsOf(source)).sort({ _id: 1 }).limit(limit).toArray()
  return found.map(({ _id, event }) => ({
    event,
    done: () => atTheEdge(() => forget(outbox, _id)),
  }))
}

/** All of them, but for the first ones. */
export async function* events({ outbox }: Collections, skip: number): AsyncIterable<Event> {
  for await (const { event } of outbox.find({}).sort({ _id: 1 }).skip(skip)) yield event
}

async function forget(outbox: Collection<Outgoing>, _id: number): Promise<void> {
  await outbox.deleteOne({ _id }, { maxTimeMS: 5000 })
}

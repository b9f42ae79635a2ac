/** What operators and jobs ask of a store, beside what requests do. */
import { notWhole } from '../../resources/moving.ts'
import type { Store } from '../../resources/store.ts'
import { createAdopting, isAdopting, versionCount, versions } from './adopt.ts'
import type { Connection } from './connection.ts'
import { atTheEdge } from './errors.ts'
import { events, undelivered } from './events.ts'
import { inspect } from './inspect.ts'
import { createLeases } from './leases.ts'
import type { MongoOptions, Parts } from './parts.ts'

type Upkeep = Pick<
  Store,
  | 'inspect'
  | 'undelivered'
  | 'events'
  | 'versions'
  | 'versionCount'
  | 'adopt'
  | 'lease'
  | 'leases'
  | 'check'
>

export function createUpkeep(parts: Parts, { now }: MongoOptions): Upkeep {
  const { connection, source } = parts
  const { client, collections } = connection
  const adopt = createAdopting(parts)
  return {
    inspect: (...given) => inspect({ client, collections, now }, ...given),
    versions: skip => versions(collections, skip),
    versionCount: () => atTheEdge(() => versionCount(collections)),
    adopt: (...given) => atTheEdge(() => adopt(...given)),
    undelivered: limit =>
      atTheEdge(() => connection.primary.read(() => undelivered(source(), limit))),
    events: skip => events(collections, skip),
    ...createLeases(connection),
    // A set that cannot hear of what is written, or a full disk, would still answer a read.
    check: () =>
      atTheEdge(async () => {
        await connection.schema.sure()
        await connection.primary.reach()
      }),
  }
}

export async function refuseUnwhole({ db, collections }: Connection): Promise<void> {
  if (await isAdopting(collections))
    throw new Error(`the database ${db.databaseName} is not whole: ${notWhole}`)
}

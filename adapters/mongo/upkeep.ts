/** What operators and jobs ask of a store, beside what requests do. */
import { notWhole } from '../../resources/moving.ts'
import type { Store } from '../../resources/store.ts'
import { createAdopting, isAdopting, versionCount, versions } from './adopt.ts'
import type { Connection } from './connection.ts'
import { atTheEdge } from './errors.ts'
import { undelivered } from './events.ts'
import { inspect } from './inspect.ts'
import { createLeases } from './leases.ts'
import type { MongoOptions, Parts } from './parts.ts'

type Upkeep = Pick<
  Store,
  'inspect' | 'undelivered' | 'versions' | 'versionCount' | 'adopt' | 'lease' | 'leases' | 'check'
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
    undelivered: limit => atTheEdge(() => undelivered(source(), limit)),
    ...createLeases(collections.lease),
    check: () => atTheEdge(() => check(collections)),
  }
}

export async function refuseUnwhole({ db, collections }: Connection): Promise<void> {
  if (await isAdopting(collections))
    throw new Error(`the database ${db.databaseName} is not whole: ${notWhole}`)
}

/** Something is written: a set that cannot hear of it, or a full disk, would still answer a read. */
async function check({ meta }: Connection['collections']): Promise<void> {
  await meta.updateOne({ _id: 'check' }, { $inc: { number: 1 } }, { upsert: true, maxTimeMS: 5000 })
}

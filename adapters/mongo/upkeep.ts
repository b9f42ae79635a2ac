/** What operators and jobs ask of a store, beside what requests do. */
import type { Store } from '../../resources/store.ts'
import type { Connection } from './connection.ts'
import { atTheEdge } from './errors.ts'
import { inspect } from './inspect.ts'
import { createLeases } from './leases.ts'

type Upkeep = Pick<Store, 'inspect' | 'lease' | 'leases' | 'check'>

export const createUpkeep = ({ client, collections }: Connection, now: () => number): Upkeep => ({
  inspect: (...given) => inspect({ client, collections, now }, ...given),
  ...createLeases(collections.lease),
  check: () => atTheEdge(() => check(collections)),
})

/** Something is written: a set that cannot hear of it, or a full disk, would still answer a read. */
async function check({ meta }: Connection['collections']): Promise<void> {
  await meta.updateOne({ _id: 'check' }, { $inc: { number: 1 } }, { upsert: true })
}

/** What operators and jobs ask of a store, beside what requests do. */
import { notWhole } from '../../resources/moving.ts'
import type { Event, Moving, Store } from '../../resources/store.ts'
import { isAdopting, packEvents, packMoving } from './adopt.ts'
import type { Connection } from './connection.ts'
import type { ReadCall, WriteCall } from './engine.ts'
import { unpackError } from './errors.ts'
import { createLeases } from './leases.ts'
import type { EventSlice } from './read.ts'
import type { CommitResult } from './write.ts'

type Upkeep = Pick<
  Store,
  'inspect' | 'events' | 'versions' | 'versionCount' | 'adopt' | 'lease' | 'leases' | 'check'
>

interface Told {
  seq: number
  event: Event
}

interface Calls {
  search(call: ReadCall): Promise<unknown>
  write(call: WriteCall): Promise<unknown>
  inspect: Store['inspect']
  /** The instant of the last commit. */
  lastAt: number
}

/** How many versions are read at once, and how many events. */
const slice = 200
const eventSlice = 1000

export const createUpkeep = (calls: Calls, now: () => number): Upkeep => ({
  inspect: calls.inspect,
  async *versions(skip) {
    for (let after = await calls.search({ do: 'seqOf', count: skip }); ; ) {
      const found = await calls.search({
        do: 'moving',
        slice: { after: Number(after), count: slice },
      })
      const last = (found as Moving[]).at(-1)
      if (!last) return
      yield* found as Moving[]
      after = last.version.seq
    }
  },
  versionCount: async () => Number(await calls.search({ do: 'versionCount' })),
  async *events(skip) {
    for (let slice: EventSlice = { count: eventSlice, skip }; ; ) {
      const found = (await calls.search({ do: 'undelivered', slice })) as Told[]
      const last = found.at(-1)
      if (!last) return
      yield* found.map(({ event }) => event)
      slice = { count: eventSlice, after: last.seq }
    }
  },
  async adopt(versions, { total, events = [], isWhole }) {
    await calls.write({ do: 'beginAdopting', total })
    const commits = versions.map(packMoving)
    if (events.length > 0) commits.push(packEvents(events))
    for (const result of (await calls.write({ do: 'commit', commits })) as CommitResult[])
      if ('failure' in result) throw unpackError(result.failure)
    calls.lastAt = Math.max(calls.lastAt, ...versions.map(({ version }) => version.at))
    if (isWhole) await calls.write({ do: 'endAdopting' })
  },
  ...createLeases(now),
  check: async () => void (await calls.write({ do: 'check' })),
})

export function refuseUnwhole(connection: Connection, file: string): void {
  if (isAdopting(connection)) throw new Error(`${file} is not whole: ${notWhole}`)
}

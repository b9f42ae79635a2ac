/** What operators and jobs ask of a store, beside what requests do. */
import { notWhole } from '../../resources/moving.ts'
import type { Moving, Store } from '../../resources/store.ts'
import { isAdopting, packMoving } from './adopt.ts'
import type { Connection } from './connection.ts'
import type { ReadCall, WriteCall } from './engine.ts'
import { unpackError } from './errors.ts'
import { createLeases } from './leases.ts'
import type { CommitResult } from './write.ts'

type Upkeep = Pick<
  Store,
  'inspect' | 'versions' | 'versionCount' | 'adopt' | 'lease' | 'leases' | 'check'
>

interface Calls {
  search(call: ReadCall): Promise<unknown>
  write(call: WriteCall): Promise<unknown>
  inspect: Store['inspect']
  /** The instant of the last commit. */
  lastAt: number
}

/** How many versions are read at once. */
const slice = 200

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
  async adopt(versions, { total, last }) {
    await calls.write({ do: 'beginAdopting', total })
    const commits = versions.map(packMoving)
    for (const result of (await calls.write({ do: 'commit', commits })) as CommitResult[])
      if ('failure' in result) throw unpackError(result.failure)
    calls.lastAt = Math.max(calls.lastAt, ...versions.map(({ version }) => version.at))
    if (last) await calls.write({ do: 'endAdopting', events: last })
  },
  ...createLeases(now),
  check: async () => void (await calls.write({ do: 'check' })),
})

export function refuseUnwhole(connection: Connection, file: string): void {
  if (isAdopting(connection)) throw new Error(`${file} is not whole: ${notWhole}`)
}

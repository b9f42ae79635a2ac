/**
 * A primary that has just been elected has all that was ever acknowledged, but does not know yet that most members have the
 * last of it: until something new is on most of them, for a second or so, it is read as it was before. So after each election
 * something is written first. https://www.mongodb.com/docs/manual/reference/read-concern-majority/
 */
import type { MongoClient } from 'mongodb'
import type { Collections } from './collections.ts'

export interface Primary {
  /** Reads where all is told that was acknowledged before; again where another primary came meanwhile. */
  read<T>(work: () => Promise<T>): Promise<T>
  /** Something new is on most members by now. */
  reach(): Promise<void>
}

/** Before the client connects. */
export function watchPrimary(client: MongoClient, meta: Collections['meta']): Primary {
  let elected = ''
  let reached = ''
  let reaching: Promise<void> | undefined

  client.on('topologyDescriptionChanged', ({ newDescription }) => {
    for (const { type, address, electionId } of newDescription.servers.values())
      if (type === 'RSPrimary') elected = `${address} ${electionId}`
  })

  async function reach(): Promise<void> {
    const asked = elected
    await meta.updateOne({ _id: 'check' }, { $inc: { number: 1 } }, something)
    reached = asked
  }
  /** All that wait go on together. */
  const reachOnce = (): Promise<void> => {
    reaching ??= reach().finally(() => {
      reaching = undefined
    })
    return reaching
  }

  return {
    reach,
    async read(work) {
      for (;;) {
        while (reached !== elected) await reachOnce()
        const before = elected
        const result = await work()
        if (elected === before) return result
      }
    },
  }
}

/** ms */
const patience = 5000

const something = {
  upsert: true,
  maxTimeMS: patience,
  writeConcern: { w: 'majority', journal: true, wtimeoutMS: patience },
} as const

/**
 * Up to when all is told: a version that was made before may still come, as long as the process that makes it has not
 * written it. Each process says from time to time how far back its next one may be.
 */
import type { Collection } from 'mongodb'
import type { Lease } from './collections.ts'

export interface Settled {
  /** No version is still to come, from any process, that was made before this instant (ms). */
  at(): Promise<number>
  close(): Promise<void>
}

/** ms for which the word of a process counts without a sign of life, and between two of them. */
const life = 60_000
const beat = 5000

const maxTimeMS = 5000

/** `low`: the instant before which this process writes nothing more. */
export async function createSettled(
  leases: Collection<Lease>,
  name: string,
  low: () => number,
): Promise<Settled> {
  const _id = `settled/${name}`
  const tell = async () => {
    const until = { $dateAdd: { startDate: '$$NOW', unit: 'millisecond', amount: life } }
    const holder = { $literal: String(low()) }
    await leases.updateOne({ _id }, [{ $set: { holder, until } }], { upsert: true, maxTimeMS })
  }
  await tell()
  // It is tried again at the next turn.
  const telling = setInterval(() => void tell().catch(() => {}), beat).unref()
  return {
    async at() {
      const own = low()
      const others = await leases
        .find(
          { _id: { $gte: 'settled/', $lt: 'settled0', $ne: _id }, $expr: isHeld },
          { maxTimeMS },
        )
        .toArray()
      return Math.min(own, ...others.map(({ holder }) => Number(holder)))
    },
    async close() {
      clearInterval(telling)
      await leases.deleteOne({ _id }, { maxTimeMS }).catch(() => {})
    },
  }
}

const isHeld = { $gt: ['$until', '$$NOW'] }

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

/**
 * ms for which the word of a process counts without a sign of life: what one that froze had sent may come until MongoDB ends
 * its transaction, a minute and a half later. And between two of them.
 * https://www.mongodb.com/docs/manual/core/transactions-production-consideration/
 */
const life = 100_000
const beat = 5000

const maxTimeMS = 5000

export interface Telling {
  leases: Collection<Lease>
  name: string
  /** The instant before which this process writes nothing more. */
  low(): number
  /** It writes nothing before this one either. */
  notBefore(instant: number): void
}

export async function createSettled({ leases, name, low, notBefore }: Telling): Promise<Settled> {
  const _id = `settled/${name}`
  const tell = (): Promise<Lease | null> => {
    const until = { $dateAdd: { startDate: '$$NOW', unit: 'millisecond', amount: life } }
    const set = { holder: { $literal: String(low()) }, until }
    return leases.findOneAndUpdate({ _id }, [{ $set: set }], {
      ...{ upsert: true, returnDocument: 'after', maxTimeMS },
    })
  }
  const others = (): Promise<Lease[]> => {
    const $expr = { $gt: ['$until', '$$NOW'] }
    return leases
      .find({ _id: { $gte: 'settled/', $lt: 'settled0', $ne: _id }, $expr }, { maxTimeMS })
      .toArray()
  }

  // Before they knew of this process they may have told as much as their clocks said.
  const from = performance.now()
  const mine = await tell()
  for (const { holder, until } of await others()) {
    const since = Number(mine?.until) - Number(until)
    notBefore(Math.ceil(Number(holder) + since + performance.now() - from))
  }
  // It is tried again at the next turn.
  const telling = setInterval(() => void tell().catch(() => {}), beat).unref()

  return {
    at: async () => Math.min(low(), ...(await others()).map(({ holder }) => Number(holder))),
    async close() {
      clearInterval(telling)
      await leases.deleteOne({ _id }, { maxTimeMS }).catch(() => {})
    },
  }
}

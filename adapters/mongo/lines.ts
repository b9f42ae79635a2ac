/**
 * Commits that meet at one guard whatever they look for, such as all by a name, are not left to who gets it first: of several
 * processes one would be outrun again and again. They stand in a line. The guards alone keep them apart: whoever finds no
 * line, or one that stands still, goes on without.
 */
import { setTimeout as wait } from 'node:timers/promises'
import type { Document } from 'mongodb'
import type { Connection } from './connection.ts'

export interface Lines {
  /** Does it, together with others of this process, when it is their turn at a place. */
  pass<T>(place: number, work: () => Promise<T>): Promise<T>
  /** Those whose turn has not come. */
  waiting(): number
}

/** ms after which one who shows no sign of life stands there no more. */
const life = 2000
/** ms between two looks, and after which nobody waits any longer. */
const glance = 10
const patience = 5000

export function createLines({
  collections: { lease },
  name: who,
}: Pick<Connection, 'collections' | 'name'>): Lines {
  const waiting = new Map<number, (() => Promise<void>)[]>()

  const set = async (place: number, stages: Document[]): Promise<string | undefined> => {
    const found = await lease.findOneAndUpdate({ _id: nameOf(place) }, stages, {
      ...{ upsert: true, returnDocument: 'after', maxTimeMS: life },
      writeConcern: { w: 1 },
    })
    return found?.holder
  }
  const holderOf = async (place: number): Promise<string | undefined> => {
    const options = { maxTimeMS: life, readConcern: { level: 'local' } } as const
    return (await lease.findOne({ _id: nameOf(place) }, options))?.holder
  }

  async function toTurn(place: number): Promise<void> {
    const began = performance.now()
    let shown = began
    let holder = await set(place, standing(who))
    while (holder !== who && performance.now() - began < patience) {
      await wait(glance)
      const isSilent = performance.now() - shown > life / 4
      holder = isSilent ? await set(place, standing(who)) : await holderOf(place)
      if (isSilent) shown = performance.now()
    }
  }

  async function stand(place: number): Promise<void> {
    do {
      await Promise.race([toTurn(place).catch(() => {}), wait(patience, undefined, { ref: false })])
      const all = waiting.get(place) ?? []
      waiting.set(place, [])
      await Promise.all(all.map(work => work()))
      await set(place, leaving(who)).catch(() => {})
    } while (waiting.get(place)?.length)
    waiting.delete(place)
  }

  return {
    pass: (place, work) =>
      new Promise((resolve, reject) => {
        const others = waiting.get(place)
        const go = async () => {
          try {
            resolve(await work())
          } catch (error) {
            reject(error)
          }
        }
        if (others) return void others.push(go)
        waiting.set(place, [go])
        void stand(place)
      }),
    waiting: () => [...waiting.values()].reduce((sum, { length }) => sum + length, 0),
  }
}

const nameOf = (place: number): string => `line/${place}`

const until = { $dateAdd: { startDate: '$$NOW', unit: 'millisecond', amount: life } }
const alive = { $gt: ['$$this.until', '$$NOW'] }
const line = { $ifNull: ['$line', []] }
/** It goes when nobody has stood there for a while. */
const first = { $set: { holder: { $ifNull: [{ $first: '$line.who' }, ''] }, until } }

/** At the end, or where it stands already. */
function standing(who: string): Document[] {
  const isMe = { $eq: ['$$this.who', who] }
  const me = { who, until }
  const shown = { $map: { input: '$line', in: { $cond: [isMe, me, '$$this'] } } }
  const come = { $concatArrays: ['$line', [me]] }
  return [
    { $set: { line: { $filter: { input: line, cond: alive } } } },
    { $set: { line: { $cond: [{ $in: [who, '$line.who'] }, shown, come] } } },
    first,
  ]
}

const leaving = (who: string): Document[] => [
  {
    $set: {
      line: { $filter: { input: line, cond: { $and: [alive, { $ne: ['$$this.who', who] }] } } },
    },
  },
  first,
]

/**
 * Commit numbers of several processes never meet: each process has a slot of its own, and its numbers are those that leave
 * it as a remainder. Whoever has taken one writes only when all others can know of it.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { unavailable } from '../../resources/error.ts'
import type { Store } from '../../resources/store.ts'

export interface Slot {
  /** Which it is now. */
  number(): number
  /** Since when nobody else has been about to write: the same for as long as that was so. Absent: others may write. */
  aloneSince(): number | undefined
  /** Before anything is written: sees that it is still ours, after a time in which nothing could be said, and that others know of us. */
  sure(): Promise<void>
  close(): Promise<void>
}

/** So many processes may write. A thousand numbers a millisecond leave each fifteen. */
export const slots = 64

/** ms for which a slot is kept without a sign of life, and between two of them. */
const life = 60_000
const beat = 5000

/** ms between two looks at who is there, and for which what was seen holds: who came since does not write before. */
const glance = 500
const holds = 1500

export async function takeSlot(
  { lease, leases }: Pick<Store, 'lease' | 'leases'>,
  holder: string,
): Promise<Slot> {
  const ask = (slot: number, ms: number) => lease(`numbers/${slot}`, holder, ms)
  let since: number | undefined
  let looked = Number.NEGATIVE_INFINITY
  let told = performance.now()
  /** When whoever looked before we came looks again, or knows that he has to. */
  let known = Number.NEGATIVE_INFINITY
  let mine = await freeOne()

  async function look(): Promise<void> {
    const from = performance.now()
    const isAlone = (await leases('numbers/')).every(each => each.holder === holder)
    if (from < looked) return
    const isLasting = since !== undefined && performance.now() - looked <= holds
    since = isAlone ? (isLasting ? since : from) : undefined
    looked = from
  }
  async function freeOne(): Promise<number> {
    told = performance.now()
    for (let slot = 0; slot < slots; slot++)
      if (await ask(slot, life)) {
        known = performance.now() + holds
        await look()
        // Whoever comes now sees us.
        if (since !== undefined) known = Number.NEGATIVE_INFINITY
        return slot
      }
    throw unavailable(`${slots} processes write to the database already: stop one`, 60)
  }
  async function renew(): Promise<void> {
    const now = performance.now()
    if (await ask(mine, life)) told = now
    else mine = await freeOne()
  }
  // They are tried again at the next turn.
  const renewing = setInterval(() => void renew().catch(() => {}), beat).unref()
  const looking = setInterval(() => void look().catch(() => {}), glance).unref()

  return {
    number: () => mine,
    aloneSince: () => (performance.now() - looked <= holds ? since : undefined),
    async sure() {
      if (performance.now() - told > life) await renew()
      const left = known - performance.now()
      if (left > 0) await wait(left)
    },
    async close() {
      clearInterval(renewing)
      clearInterval(looking)
      await ask(mine, 0).catch(() => false)
    },
  }
}

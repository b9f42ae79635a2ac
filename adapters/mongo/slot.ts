/**
 * Commit numbers of several processes never meet: each process has a slot of its own, and its numbers are those that leave
 * it as a remainder.
 */
import { unavailable } from '../../resources/error.ts'
import type { Store } from '../../resources/store.ts'

export interface Slot {
  /** Which it is now. */
  number(): number
  /** Whether nobody else writes, as far as is known. */
  isAlone(): boolean
  /** Sees that it is still ours, after a time in which nothing could be said. */
  sure(): Promise<void>
  close(): Promise<void>
}

/** So many processes may write. A thousand numbers a millisecond leave each fifteen. */
export const slots = 64

/** ms for which a slot is kept without a sign of life, and between two of them. */
const life = 60_000
export const beat = 5000

export async function takeSlot(
  { lease, leases }: Pick<Store, 'lease' | 'leases'>,
  holder: string,
): Promise<Slot> {
  const ask = (slot: number, ms: number) => lease(`numbers/${slot}`, holder, ms)
  const look = async () => {
    alone = (await leases('numbers/')).length <= 1
  }
  let alone = false
  let told = performance.now()
  let mine = await freeOne()
  await look()

  async function freeOne(): Promise<number> {
    told = performance.now()
    for (let slot = 0; slot < slots; slot++) if (await ask(slot, life)) return slot
    throw unavailable(`${slots} processes write to the database already: stop one`, 60)
  }
  async function renew(): Promise<void> {
    const now = performance.now()
    if (await ask(mine, life)) told = now
    else mine = await freeOne()
    await look()
  }
  // It is tried again at the next turn.
  const renewing = setInterval(() => void renew().catch(() => {}), beat).unref()

  return {
    number: () => mine,
    isAlone: () => alone,
    async sure() {
      if (performance.now() - told > life) await renew()
    },
    async close() {
      clearInterval(renewing)
      await ask(mine, 0).catch(() => false)
    },
  }
}

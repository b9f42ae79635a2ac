/** What only one does at a time of all processes that work on the same store, and who they are. */
import type { Store } from '../resources/store.ts'

export interface Leases {
  /** Does it, unless another process does what has this name: then false. At the signal another one may begin. */
  once(name: string, work: (lost: AbortSignal) => Promise<void>): Promise<boolean>
  /** What the other processes are, each in the word that it gave. */
  others(): Promise<string[]>
  /** No process any more. */
  close(): Promise<void>
}

/** ms for which a name is a process's without a sign of life, and between two of them. */
const life = 10_000
const beat = life / 4

/** Resolves when the others can know of this process: what it finds out afterwards is what they count on. */
export async function joinLeases(
  store: Pick<Store, 'lease' | 'leases'>,
  self: { id: string; word: string },
): Promise<Leases> {
  const name = `process/${self.id}`
  const tell = (ms: number) => store.lease(name, self.word, ms).catch(() => false)
  await tell(life)
  const telling = setInterval(() => void tell(life), beat).unref()

  return {
    async once(what, work) {
      let until = performance.now() + life
      if (!(await store.lease(what, self.id, life))) return false
      const losing = new AbortController()
      const renew = async () => {
        const asked = performance.now()
        if (asked > until - beat) losing.abort()
        const held = await store.lease(what, self.id, life).catch(() => undefined)
        if (held) until = asked + life
        else if (held === false) losing.abort()
      }
      const renewing = setInterval(() => void renew(), beat)
      try {
        await work(losing.signal)
        return true
      } finally {
        clearInterval(renewing)
        if (!losing.signal.aborted) await store.lease(what, self.id, 0).catch(() => false)
      }
    },
    async others() {
      const all = await store.leases('process/')
      return all.filter(each => each.name !== name).map(({ holder }) => holder)
    },
    async close() {
      clearInterval(telling)
      await tell(0)
    },
  }
}

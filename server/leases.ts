/** What only one does at a time of all processes that work on the same store, and who they are. */
import type { Store } from '../resources/store.ts'

export interface Leases {
  /** Does it, unless another process does what has this name: then false. At the signal another one may begin. */
  once(name: string, work: (lost: AbortSignal) => Promise<void>): Promise<boolean>
  /** What the other processes are, each in the word that it gave. */
  others(): Promise<string[]>
  /** Tells the others the state of something in this process; to be told again and again. */
  tell(what: string, state: string): Promise<void>
  /** What each of the other processes told last; undefined where one told nothing. */
  told(what: string): Promise<(string | undefined)[]>
  /** No process any more. */
  close(): Promise<void>
}

/** ms for which a name is a process's without a sign of life, and between two of them. */
const life = 10_000
const beat = life / 4
/** ms for which a process is there without a sign of life: what it was about to write when it froze is too late then. */
const presence = 25_000

/** Resolves when the others can know of this process: what it finds out afterwards is what they count on. */
export async function joinLeases(
  store: Pick<Store, 'lease' | 'leases'>,
  self: { id: string; word: string },
): Promise<Leases> {
  const name = `process/${self.id}`
  const live = (ms: number) => store.lease(name, self.word, ms).catch(() => false)
  await live(presence)
  const living = setInterval(() => void live(presence), beat).unref()
  const states = new Map<string, { state: string; until: number }>()

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
    async tell(what, state) {
      const named = `${what}/${self.id}`
      const before = states.get(named)
      const asked = performance.now()
      if (before?.state === state && asked < before.until - presence) return
      // Nobody can take over a name, not even from himself.
      if (before && before.state !== state) await store.lease(named, before.state, 0)
      if (await store.lease(named, state, 2 * presence))
        states.set(named, { state, until: asked + 2 * presence })
    },
    async told(what) {
      const all = await store.leases('process/')
      const states = await store.leases(`${what}/`)
      const of = new Map(states.map(({ name, holder }) => [name, holder]))
      return all
        .filter(each => each.name !== name)
        .map(each => of.get(each.name.replace('process', what)))
    },
    async close() {
      clearInterval(living)
      await live(0)
    },
  }
}

import { unavailable } from './error.ts'
import type { Store } from './store.ts'

/** The same store, but its close waits for what was asked before, and what is asked after it is refused. */
export function closeable<S extends Store>(store: S): S {
  let running = 0
  let closed: Promise<void> | undefined
  let idle: () => void = () => {}
  const refusal = () => unavailable('the store is closed: the server is stopping', 5)
  const leave = () => {
    running--
    if (closed && running === 0) idle()
  }
  const pass =
    <A extends unknown[], T>(work: (...given: A) => Promise<T>) =>
    (...given: A): Promise<T> => {
      if (closed) return Promise.reject(refusal())
      running++
      return work(...given).finally(leave)
    }
  const drained = () =>
    new Promise<void>(resolve => {
      idle = resolve
      if (running === 0) resolve()
    })

  return {
    ...store,
    commit: pass(store.commit),
    // It answers within its turn, so there is nothing to wait for.
    read: (...given) => (closed ? Promise.reject(refusal()) : store.read(...given)),
    history: pass(store.history),
    search: pass(store.search),
    count: pass(store.count),
    explain: pass(store.explain),
    async *scan(...given) {
      if (closed) throw refusal()
      for await (const version of store.scan(...given)) {
        yield version
        if (closed) throw refusal()
      }
    },
    totals: pass(store.totals),
    lastChanges: pass(store.lastChanges),
    addRows: pass(store.addRows),
    dropRows: pass(store.dropRows),
    undelivered: pass(async limit => {
      const found = await store.undelivered(limit)
      return found.map(({ event, done }) => ({ event, done: pass(done) }))
    }),
    async *events(...given) {
      if (closed) throw refusal()
      yield* store.events(...given)
    },
    async *inspect(...given) {
      if (closed) throw refusal()
      yield* store.inspect(...given)
    },
    async *versions(...given) {
      if (closed) throw refusal()
      yield* store.versions(...given)
    },
    versionCount: pass(store.versionCount),
    adopt: pass(store.adopt),
    lease: pass(store.lease),
    leases: pass(store.leases),
    check: pass(store.check),
    close() {
      closed ??= Promise.resolve().then(drained).then(store.close)
      return closed
    },
  }
}

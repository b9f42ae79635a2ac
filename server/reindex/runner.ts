/**
 * Brings the indexes of search parameters to what is wanted: gives stored resources the rows of a new one, takes away those
 * of one that is no more. One process does it at a time; what is done is kept in the store, so it, or another one, goes on
 * where it was after any end of the program.
 */
import { setTimeout as wait } from 'node:timers/promises'
import type { Known, StoredIndex } from '../../resources/parameters.ts'
import type { Tenant } from '../../resources/store.ts'
import { arrange, arrangeBase, isOther } from './arrange.ts'
import { buildIndex } from './build.ts'
import { dropIndex } from './drop.ts'
import { createJob, keepTelling, type ReindexParts, settled } from './job.ts'

export interface Reindex {
  /** Finds out what is to be done, before the first request: what it writes to an empty store needs nothing. */
  prepare(): Promise<void>
  /** Looks whether something is to be done, now and whenever a search parameter was written. */
  wake(): void
  /** Takes all that is stored for what another version of the program stored. */
  again(): Promise<void>
  /** Resources that indexes have been given, and those they wait for. */
  progress(): { done: number; left: number }
  /** Resolves when nothing is left to do; rejects with what failed so many times one after the other, by default never. */
  idle(tries?: number): Promise<void>
  stop(): Promise<void>
}

/** ms until another try, while another process is at it; longer each time after failures. */
const retry = 2000
const longest = 15_000
/** ms between two looks whether a process that was at it has died. */
const lookEvery = 10_000
/** The same, at what is waited for. */
const lookSoon = 100

export function createReindex(parts: ReindexParts): Reindex {
  const stopping = new AbortController()
  let running: Promise<void> | undefined
  let again = false
  let failed: { times: number; error?: unknown } = { times: 0 }

  const wake = (): void => {
    again = true
    if (stopping.signal.aborted) return
    running ??= run().finally(() => {
      running = undefined
      if (again) wake()
    })
  }
  const looking = setInterval(wake, lookEvery).unref()
  const telling = keepTelling(parts, stopping.signal)

  async function run(): Promise<void> {
    let pause = retry
    while (again && !stopping.signal.aborted) {
      again = false
      try {
        const isLeft = await settleAll(parts, stopping.signal)
        failed = { times: 0 }
        if (!isLeft) continue
        pause = retry
      } catch (error) {
        parts.log.error({ err: error }, 'an index could not be worked on')
        pause = Math.min(longest, 2 * pause)
        failed = { times: failed.times + 1, error }
      }
      again = true
      await wait(pause, undefined, { signal: stopping.signal }).catch(() => {})
    }
  }

  return {
    async prepare() {
      for (const tenant of parts.tenants()) {
        const known = await parts.parameters.changed(tenant)
        if (isOther(known, parts)) await arrangeBase(tenant, known.base, parts)
        await arrange(tenant, known, parts)
        await parts.parameters.changed(tenant)
      }
      if (await isMixed(parts))
        parts.log.warn(
          'another version of the program, or one with another TIME_ZONE or BASE_URL, works on the same store: what is stored is indexed anew when it has ended',
        )
    },
    wake,
    async again() {
      for (const tenant of parts.tenants()) {
        const { base } = await parts.parameters.changed(tenant)
        await arrangeBase(tenant, base, parts)
        await parts.parameters.changed(tenant)
      }
      wake()
    },
    progress() {
      const states = parts
        .tenants()
        .flatMap(tenant => indexesOf(parts.parameters.now(tenant)))
        .map(({ state }) => state)
        .filter(({ state }) => state === 'building')
      const sum = (of: 'done' | 'total') => states.reduce((all, state) => all + state[of], 0)
      return { done: sum('done'), left: Math.max(0, sum('total') - sum('done')) }
    },
    async idle(tries = Number.POSITIVE_INFINITY) {
      while (running) {
        await Promise.race([running, wait(lookSoon)])
        if (failed.times >= tries) throw failed.error
      }
    },
    async stop() {
      clearInterval(looking)
      stopping.abort()
      await Promise.all([running, telling])
    },
  }
}

const indexesOf = ({ base, indexes }: Known): StoredIndex[] => [...(base ? [base] : []), ...indexes]

/** True: something is left that cannot be done now, or that another process does. */
async function settleAll(parts: ReindexParts, stopping: AbortSignal): Promise<boolean> {
  const isDue = async (tenant: Tenant) => {
    const known = await parts.parameters.changed(tenant)
    const open = indexesOf(known).some(({ state }) => state.state !== 'ready')
    return open || isOther(known, parts) || known.wanted.length + known.unwanted.size > 0
  }
  const due: Tenant[] = []
  for (const tenant of parts.tenants()) if (await isDue(tenant)) due.push(tenant)
  if (due.length === 0) return false
  let left = false
  const mine = await parts.leases.once('reindex', async lost => {
    const signal = AbortSignal.any([lost, stopping])
    for (const tenant of due) if (await settle(tenant, parts, signal)) left = true
  })
  return left || !mine
}

/** What the others write lacks what this process makes, or the other way round. */
const isMixed = async ({ leases, extractor }: ReindexParts): Promise<boolean> =>
  (await leases.others()).some(other => other !== extractor)

/** How often it is arranged what is to be done, before it waits. */
const attempts = 5

/** True: something is left that cannot be done now. */
async function settle(tenant: Tenant, parts: ReindexParts, signal: AbortSignal): Promise<boolean> {
  let known = await parts.parameters.changed(tenant)
  for (let arranged = 0; arranged < attempts && !signal.aborted; ) {
    const mixed = await isMixed(parts)
    const other = isOther(known, parts)
    if (other && !mixed) await arrangeBase(tenant, known.base, parts)
    if ((await arrange(tenant, known, parts)) || (other && !mixed)) arranged++
    else {
      const next = indexesOf(known).find(
        index => index.state.state !== 'ready' && !(mixed && index === known.base),
      )
      if (!next) return mixed && (other || known.base?.state.state !== 'ready')
      arranged = 0
      await work(tenant, next, parts, signal)
    }
    known = await parts.parameters.changed(tenant)
  }
  return true
}

async function work(
  tenant: Tenant,
  index: StoredIndex,
  parts: ReindexParts,
  signal: AbortSignal,
): Promise<void> {
  const job = createJob(tenant, index, parts)
  const parameter = index.state.facts.code
  await settled(index.state, tenant, parts, signal)
  if (index.state.state === 'building') {
    if (!(await buildIndex(job, tenant, parts, signal))) return
    await job.save({ state: 'ready', done: job.state.total })
    parts.log.info({ tenant, parameter }, 'what is stored is indexed')
  } else {
    if (!(await dropIndex(index.state, tenant, parts, signal))) return
    await job.forget()
    parts.log.info({ tenant, parameter }, 'the index of a search parameter is removed')
  }
}

/**
 * Brings the indexes of search parameters to what is wanted: gives stored resources the rows of a new one, takes away those
 * of one that is no more. What is done is kept in the store, so it goes on where it was after any end of the program.
 */
import { setTimeout as wait } from 'node:timers/promises'
import {
  baseId,
  type IndexState,
  type Known,
  type StoredIndex,
} from '../../resources/parameters.ts'
import { typesOf } from '../../resources/search/own.ts'
import { ownRows } from '../../resources/search.ts'
import type { Tenant } from '../../resources/store.ts'
import { buildIndex } from './build.ts'
import { dropIndex } from './drop.ts'
import { createJob, free, lease, type ReindexParts, saveState } from './job.ts'

export interface Reindex {
  /** Finds out what is to be done, before the first request: what it writes to an empty store needs nothing. */
  prepare(): Promise<void>
  /** Looks whether something is to be done, now and whenever a search parameter was written. */
  wake(): void
  /** Takes all that is stored for what another version of the program stored. */
  again(): Promise<void>
  /** Resources that indexes have been given, and those they wait for. */
  progress(): { done: number; left: number }
  /** Resolves when nothing is left to do. Rejects never. */
  idle(): Promise<void>
  stop(): Promise<void>
}

/** ms until another try, after a failure or while another process is at it. */
const retry = 2000
const longest = 60_000
/** ms in which other processes come to know an index, before what is stored is read. */
const settling = 5000
export function createReindex(parts: ReindexParts): Reindex {
  const stopping = new AbortController()
  let running: Promise<void> | undefined
  let again = false

  const wake = (): void => {
    again = true
    if (stopping.signal.aborted) return
    running ??= run().finally(() => {
      running = undefined
      if (again) wake()
    })
  }

  async function run(): Promise<void> {
    let pause = retry
    while (again && !stopping.signal.aborted) {
      again = false
      for (const tenant of parts.tenants()) {
        const left = await settle(tenant, parts, stopping.signal).catch(error => {
          parts.log.error({ err: error, tenant }, 'an index could not be worked on')
          pause = Math.min(longest, 2 * pause)
          return true
        })
        if (!left) continue
        again = true
        await wait(pause, undefined, { signal: stopping.signal }).catch(() => {})
      }
    }
  }

  return {
    async prepare() {
      for (const tenant of parts.tenants())
        if (await arrange(tenant, await parts.parameters.changed(tenant), parts))
          await parts.parameters.changed(tenant)
    },
    wake,
    async again() {
      for (const tenant of parts.tenants()) {
        const { base } = await parts.parameters.changed(tenant)
        await arrangeBase(tenant, base, await parts.store.totals(tenant), parts)
        await parts.parameters.changed(tenant)
      }
      wake()
    },
    progress() {
      const states = parts
        .tenants()
        .map(tenant => parts.parameters.now(tenant))
        .flatMap(({ base, indexes }) => [...(base ? [base] : []), ...indexes])
        .map(({ state }) => state)
        .filter(({ state }) => state === 'building')
      const sum = (of: 'done' | 'total') => states.reduce((all, state) => all + state[of], 0)
      return { done: sum('done'), left: Math.max(0, sum('total') - sum('done')) }
    },
    async idle() {
      while (running) await running
    },
    async stop() {
      stopping.abort()
      await running
    },
  }
}

/** How often it is arranged what is to be done, before it waits. */
const attempts = 5

/** True: something is left that cannot be done now. */
async function settle(tenant: Tenant, parts: ReindexParts, signal: AbortSignal): Promise<boolean> {
  let known = await parts.parameters.changed(tenant)
  for (let arranged = 0; ; ) {
    if (signal.aborted) return false
    // Where others do the same at the same time, it is looked at again later.
    if (arranged++ > attempts) return true
    if (await arrange(tenant, known, parts)) {
      known = await parts.parameters.changed(tenant)
      continue
    }
    const due = [...(known.base ? [known.base] : []), ...known.indexes].filter(
      ({ state }) => state.state !== 'ready',
    )
    const free = due.find(({ state }) => isFree(state, parts))
    if (!free) return due.length > 0
    arranged = 0
    await work(tenant, free, parts, signal)
    known = await parts.parameters.changed(tenant)
  }
}

const isFree = ({ owner, until = 0 }: IndexState, parts: ReindexParts): boolean =>
  parts.alone || owner === parts.owner || until < parts.now()

/** Makes an index for each parameter that has none, and marks those to be removed that no parameter has. */
async function arrange(tenant: Tenant, known: Known, parts: ReindexParts): Promise<boolean> {
  const space = parts.parameters.space(tenant)
  const old = known.base?.state.extractor !== parts.extractor
  const totals = old || known.wanted.length > 0 ? await parts.store.totals(tenant) : {}
  if (old) await arrangeBase(tenant, known.base, totals, parts)
  for (const { facts, seq } of known.wanted) {
    const state: IndexState = {
      resourceType: 'index',
      id: String(seq),
      facts,
      rows: ownRows(facts.code, seq),
      state: 'building',
      done: 0,
      total: typesOf(facts).reduce((sum, type) => sum + (totals[type] ?? 0), 0),
      // Other processes begin to make its rows before what is stored is read.
      ...(parts.alone ? {} : { owner: parts.owner, until: parts.now() + lease + settling }),
    }
    await saveState(space, { number: 0, state }, parts)
    parts.log.info(
      { tenant, parameter: facts.code, total: state.total },
      'a search parameter is to be indexed',
    )
  }
  const unwanted = known.indexes.filter(({ state }) => known.unwanted.has(state.id))
  for (const index of unwanted)
    await saveState(space, { ...index, state: { ...free(index.state), state: 'removing' } }, parts)
  return old || known.wanted.length + unwanted.length > 0
}

/** What another version of the program stored is read again; where nothing is stored, there is nothing to do. */
async function arrangeBase(
  tenant: Tenant,
  base: StoredIndex | undefined,
  totals: Record<string, number>,
  parts: ReindexParts,
): Promise<void> {
  const total = Object.values(totals).reduce((sum, count) => sum + count, 0)
  const state: IndexState = {
    resourceType: 'index',
    id: baseId,
    facts: { id: baseId, code: '*', base: ['Resource'], type: '', expression: '' },
    rows: '*',
    extractor: parts.extractor,
    state: total > 0 ? 'building' : 'ready',
    done: 0,
    total,
  }
  await saveState(parts.parameters.space(tenant), { number: base?.number ?? 0, state }, parts)
  if (total > 0)
    parts.log.info(
      { tenant, total },
      'what is stored is to be indexed anew: another version of the program stored it, or one with another TIME_ZONE',
    )
}

async function work(
  tenant: Tenant,
  index: StoredIndex,
  parts: ReindexParts,
  signal: AbortSignal,
): Promise<void> {
  const job = createJob(tenant, index, parts)
  if (!parts.alone) await wait(settling, undefined, { signal }).catch(() => {})
  if (!(await job.save({}))) return
  if (index.state.state === 'building') {
    if (!(await buildIndex(job, tenant, parts, signal))) return
    await job.save({ ...free(job.state), state: 'ready', done: job.state.total })
    parts.log.info({ tenant, parameter: index.state.facts.code }, 'what is stored is indexed')
  } else {
    if (!(await dropIndex(job, tenant, parts, signal))) return
    await job.forget()
    parts.log.info(
      { tenant, parameter: index.state.facts.code },
      'the index of a search parameter is removed',
    )
  }
}

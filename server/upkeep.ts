/** What is done with whole stores, beside the server. */
import { createParameters } from '../resources/parameters.ts'
import { createExtractor } from '../resources/search.ts'
import type { Finding, Store } from '../resources/store.ts'
import { homeOf, openStore, refuseAbsent } from './compose.ts'
import type { Config } from './config.ts'
import { createMaker, knowledgeOf } from './knowledge.ts'
import { compareAll, copyAll, type Sum } from './migration.ts'
import { spaceOf, tenantOf } from './tenants.ts'

/** Looks whether all that is stored fits together. Changes nothing; answers how many resources were looked at. */
export async function inspectStore(
  config: Config,
  told: {
    progress(done: number, total: number): void
    /** What could not be looked at. */
    doubt(line: string): void
    finding(finding: Finding): void
  },
): Promise<number> {
  refuseAbsent(config)
  const { store } = await openStore(config)
  try {
    const { home, made } = homeOf(config)
    const { doubts, ...knowledge } = await knowledgeOf({
      parameters: createParameters(store, spaceOf, home),
      tenants: [tenantOf()],
      extract: createExtractor(home),
      extractor: made,
    })
    doubts.forEach(told.doubt)
    const totals = await Promise.all([tenantOf(), spaceOf(tenantOf())].map(store.totals))
    const total = totals.flatMap(Object.values).reduce((sum: number, count) => sum + count, 0)
    let resources = 0
    const progress = (done: number) => {
      resources = done
      told.progress(done, total)
    }
    for await (const finding of store.inspect(knowledge, progress)) told.finding(finding)
    return resources
  } finally {
    await store.close()
  }
}

/** Copies all of a store to an empty one, and compares them; goes on where an interrupted copy was. */
export async function migrateStore(
  source: Config,
  target: Config,
  told: {
    progress(phase: 'copy' | 'compare', done: number, total: number): void
  },
): Promise<Sum[]> {
  refuseAbsent(source)
  const stores: Store[] = []
  try {
    const { store: from } = await openStore(source)
    stores.push(from)
    const { store: to } = await openStore(target, { adopting: true })
    stores.push(to)
    for (const store of stores) await refuseUsed(store)
    const { home } = homeOf(source)
    const extract = createMaker(createParameters(from, spaceOf, home), createExtractor(home))
    const progress = (phase: 'copy' | 'compare') => (done: number, total: number) =>
      told.progress(phase, done, total)
    await copyAll({ from, to, extract, progress: progress('copy') })
    return await compareAll({ from, to, progress: progress('compare') })
  } finally {
    for (const store of stores.reverse()) await store.close()
  }
}

async function refuseUsed(store: Store): Promise<void> {
  if ((await store.leases('process/')).length > 0)
    throw new Error(
      'a server works on the source or the target: stop it; one that was killed is gone after 25 s',
    )
}

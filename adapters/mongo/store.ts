import { closeable } from '../../resources/closing.ts'
import type { Store } from '../../resources/store.ts'
import { createCommits } from './commit.ts'
import { connect, whyNotMade } from './connection.ts'
import { atEdge, atTheEdge } from './errors.ts'
import { createFacts } from './facts.ts'
import { historyPage, scan } from './history.ts'
import { type MongoOptions, openParts, type Parts } from './parts.ts'
import { createReads } from './read.ts'
import { addRows, dropRows } from './reindex.ts'
import { migrate } from './schema.ts'
import { createSearching } from './searching.ts'
import { createSettled } from './settled.ts'
import { sweepEvery } from './sweep.ts'
import { createUpkeep, refuseUnwhole } from './upkeep.ts'

export interface MongoStore extends Store {
  /** Writes and searches that wait. */
  waiting(): { writes: number; searches: number }
}

/** A Store in a MongoDB replica set. Rejects with one clear line where it cannot be used. */
export async function openMongo(options: MongoOptions): Promise<MongoStore> {
  const connection = await atTheEdge(() => connect({ ...options, name: options.newId() }))
  try {
    await migrate(connection)
    if (!options.adopting) await refuseUnwhole(connection)
    return await createStore(options, await openParts(options, connection))
  } catch (error) {
    connection.schema.close()
    await connection.client.close()
    throw whyNotMade(error, connection) ?? atEdge(error)
  }
}

async function createStore(options: MongoOptions, parts: Parts): Promise<MongoStore> {
  const { search } = parts
  const { client, collections, primary } = parts.connection
  const { resource } = collections
  const commits = createCommits(options, parts)
  const reads = createReads(parts)
  const facts = createFacts(resource)
  const forget = () => {
    parts.remembered.counts.forget()
    parts.remembered.found.forget()
  }
  const low = () => commits.oldest() ?? parts.order.instant()
  const settled = await createSettled({
    leases: collections.lease,
    name: parts.connection.name,
    low,
    notBefore: instant => void parts.order.instant(instant),
  })
  const sweeping = sweepEvery(resource, options.now)

  return closeable({
    commit: commits.commit,
    read: (...named) => atTheEdge(() => reads.read(...named)),
    history: (tenant, query) => search(from => historyPage(from, tenant, { query, settled })),
    ...createSearching(parts),
    scan: (tenant, type, after = '') => scan(parts, tenant, { type, after }),
    totals: tenant => search(from => facts.totals(tenant, from)),
    ...createUpkeep(parts, options),
    lastChanges: (tenant, types) =>
      atTheEdge(() => primary.read(() => facts.lastChanges(tenant, types))),
    addRows: (tenant, additions) =>
      atTheEdge(() => addRows(parts, tenant, additions)).finally(forget),
    dropRows: (tenant, type, param, limit) =>
      atTheEdge(() => dropRows(parts, { tenant, type, param, limit })).finally(forget),
    waiting: () => ({ writes: commits.waiting(), searches: parts.searches.waiting() }),
    async close() {
      clearInterval(sweeping)
      parts.connection.schema.close()
      await settled.close()
      await parts.slot.close()
      await client.close()
    },
  })
}

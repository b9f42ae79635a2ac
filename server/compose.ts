/** Makes every component once, in order of need. */
import { randomUUID, randomUUIDv7 } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname } from 'node:path'
import { openMongo } from '../adapters/mongo/store.ts'
import { backupSqlite, restoreSqlite } from '../adapters/sqlite/backup.ts'
import { openSqlite } from '../adapters/sqlite/store.ts'
import { createStructureValidator } from '../profiles/structure.ts'
import type { Context } from '../resources/context.ts'
import { unsupported } from '../resources/error.ts'
import { createParameters, type Parameters } from '../resources/parameters.ts'
import { applyPatch } from '../resources/patch.ts'
import { createRepository, type Repository } from '../resources/repository.ts'
import { parseSearch } from '../resources/search/parse.ts'
import type { Home } from '../resources/search/type.ts'
import { zoneOf } from '../resources/search/zone.ts'
import { createExtractor, extractor } from '../resources/search.ts'
import type { Store } from '../resources/store.ts'
import { createTerminology } from '../terminology/terminology.ts'
import { cutTarget } from './admission.ts'
import { createApp } from './app.ts'
import { type Config, placeOf } from './config.ts'
import { createDispatch, type Dispatch } from './dispatch.ts'
import { createHealth } from './health.ts'
import { forgetAll } from './import/checkpoint.ts'
import { joinLeases } from './leases.ts'
import { checkEvery, listening, openAnswers, originOf, setTimes, stopped } from './listener.ts'
import { createLog, type Log } from './log.ts'
import { createMetrics } from './metrics.ts'
import { createReindex, type Reindex } from './reindex/runner.ts'
import { forgetKeyBeside, keyBeside, keyWithin, passingKey } from './search/link-key.ts'
import { createPageLinks } from './search/page-links.ts'
import { ownSpace, spaceOf, tenantOf } from './tenants.ts'

export interface Composed {
  store: Store
  repository: Repository
  dispatch: Dispatch
  reindex: Reindex
  makeContext(requestId: string): Context
  /** Begins to take requests; resolves with the address of the FHIR API, and with how it is called where that differs. */
  listen(): Promise<string>
  /** Stops taking requests, finishes the running ones, then closes the store. */
  close(): Promise<void>
}

export async function compose(config: Config, now: () => number = Date.now): Promise<Composed> {
  const log = createLog(config.logLevel)
  const running = { count: 0, bytes: 0 }
  const onBatch = (size: number, ms: number) => metrics.committed(size, ms / 1000)
  const kept = await openStore(config, { now, onBatch })
  const { store, folder } = kept
  const metrics = createMetrics({
    running: () => running.count,
    waiting: store.waiting,
    toIndex: () => reindex.progress().left,
  })
  let address = addressOf(config)
  const base = () => config.baseUrl || address
  const { home, made } = homeOf(config, base)
  const { parameters, reindex, leases } = await composeParameters({ store, home, made, now, log })
  const linkKey = config.linkKey === '' ? await kept.linkKey() : Buffer.from(config.linkKey)
  const fhir = { store, parameters, linkKey, home, now, log }
  const { repository, dispatch } = composeFhir(config, fhir)
  const makeContext = (requestId: string): Context => ({
    tenant: tenantOf(),
    requestId,
    now,
    newId: randomUUIDv7,
  })
  const { minFreeDisk } = config
  const health = createHealth({ store, folder, minFreeDisk, others: metrics.others })
  const totals = () => repository.totals(makeContext('totals'))
  const app = createApp({
    config,
    dispatch,
    metrics,
    health,
    log,
    base,
    makeContext,
    totals,
    running,
  })
  const server = createServer(
    {
      maxHeaderSize: 32 * 1024,
      connectionsCheckingInterval: checkEvery(config),
      // It is refused with an OperationOutcome.
      requireHostHeader: false,
    },
    app,
  )
  server.prependListener('request', cutTarget)
  const open = openAnswers(server)
  setTimes(server, config, open)

  return {
    store,
    repository,
    dispatch,
    reindex,
    makeContext,
    async listen() {
      await listening(server, config)
      const { port } = server.address() as AddressInfo
      address = `${originOf(config, port)}/fhir`
      return base() === address ? address : `${address} as ${base()}`
    },
    async close() {
      await stopped(server, config.shutdownTime, open)
      await reindex.stop()
      await leases.close()
      await store.close()
      log.flush()
    },
  }
}

/** Copies the store to a file while the server runs, or not. */
export async function backup(
  config: Config,
  to: string,
  progress: (done: number, total: number) => void,
): Promise<void> {
  await backupSqlite(fileOf(config), to, progress)
}

/** Times that something may fail while nobody but the caller waits. */
const mostTries = 3

/** Throws where the embedded database is not there: what only looks at it must not make an empty one. */
export function refuseAbsent(config: Config): void {
  const place = placeOf(config)
  if (place.kind === 'file' && !existsSync(place.file))
    throw new Error(`${place.file} is not there`)
}

/** Indexes all that is stored anew, while no server runs; answers how many resources that are. */
export async function reindexAll(
  config: Config,
  progress: (done: number, total: number) => void,
): Promise<number> {
  refuseAbsent(config)
  const server = await compose(config)
  let timer: NodeJS.Timeout | undefined
  try {
    await server.reindex.again()
    const total = server.reindex.progress().left
    timer = setInterval(() => progress(server.reindex.progress().done, total), 250)
    await server.reindex.idle(mostTries)
    progress(total, total)
    return total
  } finally {
    clearInterval(timer)
    await server.close()
  }
}

/** Puts a backup in place of the store of a server that does not run; returns where the old one is kept now. */
export function restore(config: Config, from: string, now: () => number = Date.now): string {
  const file = fileOf(config)
  const aside = `${file}.until-${new Date(now()).toISOString().replaceAll(':', '')}`
  restoreSqlite(from, file, aside)
  forgetKeyBeside(file)
  // What was loaded since the backup is gone, so an import must not go on after it.
  forgetAll(config.dataDir)
  return aside
}

function fileOf(config: Config): string {
  const place = placeOf(config)
  if (place.kind === 'memory') throw new Error('the store is in memory (STORE_URL): it has no file')
  if (place.kind === 'mongo')
    throw new Error(
      'the store is on MongoDB (STORE_URL): its own tools copy it, see docs/mongodb.md',
    )
  return place.file
}

/** A store, and what differs by where it is. */
interface Kept {
  store: Store & { waiting(): { writes: number; searches: number } }
  /** Where it needs room on a disk of this machine. */
  folder: string | undefined
  /** What signs links to pages, where no setting does. */
  linkKey(): Buffer | Promise<Buffer>
}

/** `adopting`: to take over what another store has. */
export async function openStore(
  config: Config,
  {
    now = Date.now,
    ...more
  }: { now?: () => number; onBatch?: (size: number, ms: number) => void; adopting?: boolean } = {},
): Promise<Kept> {
  const { searchTime } = config
  const place = placeOf(config)
  switch (place.kind) {
    case 'memory': {
      const store = await openSqlite({ file: ':memory:', now, searchTime, ...more })
      return { store, folder: undefined, linkKey: passingKey }
    }
    case 'file': {
      const { file } = place
      const store = await openSqlite({ file, now, searchTime, ...more })
      return { store, folder: dirname(file), linkKey: () => keyBeside(file) }
    }
    case 'mongo': {
      const { storeUrl: url, poolSize, poolWait, poolIdle, maxSearches, maxTransactions } = config
      const pool = { poolSize, waitQueueTime: poolWait, maxIdleTime: poolIdle }
      const limits = {
        ...{ searchTime, searches: maxSearches, maxTransactions },
        transactionSize: config.maxTransactionSize,
      }
      const store = await openMongo({ url, ...pool, ...limits, now, newId: randomUUID, ...more })
      return { store, folder: undefined, linkKey: () => keyWithin(store, ownSpace) }
    }
  }
}

const addressOf = (config: Config): string =>
  config.baseUrl || `${originOf(config, config.port)}/fhir`

/** What rows depend on, and what names that: a port that is free counts as any other one. */
export function homeOf(
  config: Config,
  base = () => addressOf(config),
): { home: Home; made: string } {
  const zone = config.timeZone || Temporal.Now.timeZoneId()
  return { home: { zone: zoneOf(zone), base }, made: `${extractor} ${zone} ${addressOf(config)}` }
}

/** Search parameters of the tenants, and what brings their indexes about. */
async function composeParameters(parts: {
  store: Store
  home: Home
  made: string
  now: () => number
  log: Log
}) {
  const { made } = parts
  const leases = await joinLeases(parts.store, { id: randomUUID(), word: made })
  const parameters = createParameters(parts.store, spaceOf, parts.home)
  const reindex = createReindex({
    ...parts,
    leases,
    parameters,
    extract: createExtractor(parts.home),
    extractor: made,
    tenants: () => [tenantOf()],
  })
  // A store that cannot be written now can be read.
  await reindex.prepare().catch(error => parts.log.error({ err: error }, 'the index'))
  parameters.onChange(reindex.wake)
  reindex.wake()
  return { parameters, reindex, leases }
}

/** What answers FHIR, without HTTP. */
function composeFhir(
  config: Config,
  parts: {
    store: Store
    parameters: Parameters
    linkKey: Buffer
    home: Home
    now: () => number
    log: Log
  },
) {
  const { store, parameters, linkKey, home, now, log } = parts
  const { zone, base } = home
  const referentialIntegrity = config.referentialIntegrity === 'on'
  const criteria = { strict: true, exact: true, defaultCount: 20, maxCount: 1000 }
  const terminology = createTerminology(store, base)
  const extract = createExtractor(home)
  const repository = createRepository({
    store,
    validator: createStructureValidator(base),
    extract,
    parameters,
    applyPatch: (resource, patch) =>
      applyPatch(resource, patch, { depth: config.maxDepth, size: config.maxBody }),
    async parseCriteria(context, type, params) {
      const own = await parameters.fresh(context)
      const options = {
        ...criteria,
        base: base(),
        zone,
        context,
        terminology,
        parameters: own,
      }
      const { query, contained } = await parseSearch(type, params, options)
      if (contained)
        throw unsupported(
          '_contained takes false in criteria: what is written is no part of another',
        )
      return query
    },
    base,
    referentialIntegrity,
  })
  const version = readVersion()
  const dispatch = createDispatch({
    ...config,
    pageLinks: createPageLinks(linkKey),
    defaultPage: Math.min(config.defaultPage, config.maxPage),
    repository,
    terminology,
    parameters,
    extract,
    zone,
    referentialIntegrity,
    started: now(),
    version,
    log,
  })
  return { repository, dispatch }
}

const readVersion = (): string =>
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version

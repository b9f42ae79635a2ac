/** Searches by text on an empty store, through the repository, without HTTP. */
import { createStructureValidator } from '../../profiles/structure.ts'
import type { Context } from '../../resources/context.ts'
import { createParameters } from '../../resources/parameters.ts'
import { applyPatch } from '../../resources/patch.ts'
import {
  createRepository,
  type Outcome,
  type TransactionEntry,
} from '../../resources/repository.ts'
import type { Resource } from '../../resources/resource.ts'
import type { SearchOptions } from '../../resources/search/parse/scope.ts'
import { parseSearch } from '../../resources/search/parse.ts'
import type { Query } from '../../resources/search/query.ts'
import { utc, type Zone } from '../../resources/search/zone.ts'
import { createExtractor } from '../../resources/search.ts'
import type { Page, Tenant } from '../../resources/store.ts'
import { spaceOf, tenantOf } from '../../server/tenants.ts'
import { createTerminology } from '../../terminology/terminology.ts'
import { openStore } from './stores.ts'

export interface Searchable {
  /** Stores a resource under its id, and tells when (ms). */
  put(resource: Resource): Promise<number | undefined>
  transact(entries: TransactionEntry[]): Promise<Outcome[]>
  remove(type: string, id: string): Promise<void>
  page(type: string | undefined, query: string): Promise<Page>
  parse(type: string | undefined, query: string): Promise<Query>
  /** Ids in the order of the answer. */
  find(type: string | undefined, query: string): Promise<string[]>
  count(type: string | undefined, query: string): Promise<number>
  /** All that follows is of another tenant. */
  move(tenant: string): void
  close(): Promise<void>
}

const base = 'http://127.0.0.1/fhir'

interface Setup {
  referentialIntegrity?: boolean
  zone?: Zone
}

/** Now is midday of 1 January 2025 unless `clock` says otherwise. */
export async function openSearch(
  clock: { now: number } = { now: Date.UTC(2025, 0, 1, 12) },
  { referentialIntegrity = false, zone = utc }: Setup = {},
): Promise<Searchable> {
  const store = await openStore(() => clock.now)
  let made = 0
  const context: Context = {
    tenant: tenantOf(),
    requestId: 'test',
    now: () => clock.now,
    newId: () => `made-${++made}`,
  }
  const options: SearchOptions = {
    strict: true,
    defaultCount: 100,
    maxCount: 1000,
    base,
    now: clock.now,
    context,
    terminology: createTerminology(store, () => base),
    zone,
  }
  const queryOf = async (type: string | undefined, params: [string, string][]) =>
    (await parseSearch(type, params, options)).query
  const parse = (type: string | undefined, query: string) =>
    queryOf(type, [...new URLSearchParams(query)])
  const home = { zone, base: () => base }
  const repository = createRepository({
    store,
    validator: createStructureValidator(),
    extract: createExtractor(home),
    parameters: createParameters(store, spaceOf, home),
    applyPatch,
    parseCriteria: (_context, type, params) => queryOf(type, params),
    base: () => base,
    referentialIntegrity,
  })
  const page = async (type: string | undefined, query: string) =>
    repository.search(context, await parse(type, query))
  return {
    async put(resource) {
      const { resourceType: type, id = '' } = resource
      const { version } = await repository.write(context, { kind: 'update', type, id, resource })
      return version?.at
    },
    transact: entries => repository.transaction(context, entries),
    async remove(type, id) {
      await repository.write(context, { kind: 'delete', type, id })
    },
    page,
    parse,
    find: async (type, query) => (await page(type, query)).versions.map(({ id }) => id),
    count: async (type, query) => repository.count(context, await parse(type, query)),
    move(tenant) {
      context.tenant = tenant as Tenant
    },
    close: () => store.close(),
  }
}

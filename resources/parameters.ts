/**
 * The search parameters that tenants made known by SearchParameter resources. Each has an index: its state is kept in the
 * store, in a space of its own beside the tenant's, and its rows under a name that no other index ever has.
 */
import type { SearchParameter } from 'fhir/r4'
import type { Context } from './context.ts'
import { type SearchParameterFacts, searchParameters } from './definitions.ts'
import { type FhirError, type Issue, issue, unsupported } from './error.ts'
import { onOneBudget } from './fhirpath/meter.ts'
import { parseStored } from './json.ts'
import type { Resource } from './resource.ts'
import { extractorOf, factsOf, isPublished, type OwnFacts, typesOf } from './search/own.ts'
import type { Home } from './search/type.ts'
import type { OwnParameters } from './search.ts'
import type { Extract, Row, Store, Tenant, Version } from './store.ts'

/** As it is stored. */
export interface IndexState {
  resourceType: 'index'
  id: string
  facts: OwnFacts
  /** The name of its rows. */
  rows: string
  state: 'building' | 'ready' | 'removing'
  /** The job has been through all types before this one, and through its ids up to this one. */
  type?: string
  after?: string
  done: number
  total: number
  /** Of the index of all that R4 has: what it was made by. */
  extractor?: string
  /** When it came to be wanted, or unwanted (ms): other processes know of it a little later. */
  since?: number
}

export interface StoredIndex {
  number: number
  state: IndexState
}

/** What holds for a tenant at a moment. */
export interface Known extends OwnParameters {
  /** The ids of the indexes that rows are made for: changes whenever other rows are made of a resource. */
  readonly revision: string
  /** Changes whenever others can be searched by. */
  readonly ready: string
  /** With the rows of the tenant's parameters. */
  complete(resource: Resource, extract: Extract): Extract
  /** The rows of one index. */
  rowsOf(index: string, resource: Resource): Row[]
  readonly indexes: readonly StoredIndex[]
  /** The index of all that R4 has; absent until it is looked at for the first time. */
  readonly base?: StoredIndex
  /** What whoever searches should know. */
  readonly warnings: readonly Issue[]
  /** Those that no index is there for yet, with the number of the commit that made them what they are. */
  readonly wanted: readonly { facts: OwnFacts; seq: number }[]
  /** Indexes that no parameter has any more, by id. */
  readonly unwanted: ReadonlySet<string>
}

export interface Parameters {
  /** At most a second old, and never older than a write of this process. */
  fresh(context: Pick<Context, 'tenant' | 'now'>): Known | Promise<Known>
  /** As it was read last; nothing where it never was. */
  now(tenant: Tenant): Known
  /** Whether rows may still be written that were made by it. */
  holds(known: Known, context: Pick<Context, 'tenant' | 'now'>): boolean
  /** A commit: as long as it is under way, it may write rows made by what is known when it begins. */
  during<T>(tenant: Tenant, commit: () => Promise<T>): Promise<T>
  /** The revision of which all is written from now on; absent while a commit is under way that began with another. */
  settled(tenant: Tenant): string | undefined
  /** Reads again, after a write of this process. */
  changed(tenant: Tenant): Promise<Known>
  /** Calls back whenever what is known has changed. */
  onChange(tell: () => void): void
  /** The space of the states. */
  space(tenant: Tenant): Tenant
}

/** ms for which what another process wrote may be unknown to whoever asks here; then to what is being written. */
const staleness = 1000
const tolerance = 4000

interface Kept {
  known: Known
  /** The last changes to what it was made of. */
  seqs: string
  checked: number
  reading?: Promise<Known>
  /** Commits under way, by the revision that each began with. */
  under: Map<string, number>
}

export function createParameters(
  store: Store,
  space: (tenant: Tenant) => Tenant,
  home: Home,
): Parameters {
  const byTenant = new Map<Tenant, Kept>()
  const told: (() => void)[] = []
  const keptOf = (tenant: Tenant): Kept => {
    let kept = byTenant.get(tenant)
    if (!kept) {
      const checked = Number.NEGATIVE_INFINITY
      kept = { known: nothing, seqs: '', checked, under: new Map() }
      byTenant.set(tenant, kept)
    }
    return kept
  }

  async function read(tenant: Tenant, kept: Kept): Promise<Known> {
    const seqs = [
      await store.lastChanges(tenant, ['SearchParameter']),
      await store.lastChanges(space(tenant), ['index']),
    ].join()
    if (kept.seqs === seqs) return kept.known
    const known = await load(store, { tenant, space: space(tenant) }, home)
    kept.known = known
    kept.seqs = seqs
    for (const tell of told) tell()
    return known
  }

  /** One reading after the other: what began before a write does not tell of it. */
  const reread = (tenant: Tenant, kept: Kept): Promise<Known> => {
    const reading = (kept.reading ?? Promise.resolve()).then(
      () => read(tenant, kept),
      () => read(tenant, kept),
    )
    kept.reading = reading
    const done = () => {
      if (kept.reading === reading) delete kept.reading
    }
    reading.then(done, done)
    return reading
  }

  return {
    fresh({ tenant, now }) {
      const kept = keptOf(tenant)
      if (Math.abs(now() - kept.checked) < staleness) return kept.known
      if (kept.reading) return kept.reading
      const at = now()
      return reread(tenant, kept).then(known => {
        kept.checked = at
        return known
      })
    },
    now: tenant => keptOf(tenant).known,
    holds(known, { tenant, now }) {
      const kept = keptOf(tenant)
      return kept.known.revision === known.revision && now() - kept.checked < tolerance
    },
    async during(tenant, commit) {
      const { known, under } = keptOf(tenant)
      const { revision } = known
      under.set(revision, (under.get(revision) ?? 0) + 1)
      try {
        return await commit()
      } finally {
        const left = (under.get(revision) ?? 0) - 1
        if (left > 0) under.set(revision, left)
        else under.delete(revision)
      }
    },
    settled(tenant) {
      const { known, under } = keptOf(tenant)
      return [...under.keys()].every(each => each === known.revision) ? known.revision : undefined
    },
    changed: tenant => reread(tenant, keptOf(tenant)),
    onChange: tell => void told.push(tell),
    space,
  }
}

const none: ReadonlyMap<string, SearchParameterFacts> = new Map()
const nothing: Known = {
  of: () => none,
  refusal: () => undefined,
  revision: '',
  ready: '',
  complete: (_, extract) => extract,
  rowsOf: () => [],
  indexes: [],
  warnings: [],
  wanted: [],
  unwanted: new Set(),
}

async function load(
  store: Store,
  { tenant, space }: { tenant: Tenant; space: Tenant },
  home: Home,
): Promise<Known> {
  const indexes: StoredIndex[] = []
  for await (const { number, json = '' } of store.scan(space, 'index'))
    indexes.push({ number, state: parseStored(json) as IndexState })
  const active = await activeParameters(store, tenant)
  const base = indexes.find(({ state }) => state.id === baseId)
  const own = indexes.filter(each => each !== base)
  const lapsed = new Set<string>()
  for (const index of own)
    if (await isLapsed(store, tenant, index, active)) lapsed.add(index.state.id)
  const known = own.length > 0 || active.length > 0 ? know(own, active, lapsed, home) : nothing
  return base ? { ...known, base, warnings: warningsOf(base.state) } : known
}

/** The id of the index of all that R4 has. */
export const baseId = 'base'

/** What was found before is found now, too: so an answer is given, and said not to be all. */
const warningsOf = (state: IndexState): Issue[] =>
  state.state === 'ready'
    ? []
    : [
        issue(
          'incomplete',
          `the index is brought up to date for this version of the program, its TIME_ZONE and BASE_URL, ${percentOf(state)} % is done: of what was stored before, the answer may lack something, or go by another zone or address`,
          undefined,
          'warning',
        ),
      ]

type Active = { facts: OwnFacts; seq: number }

async function activeParameters(store: Store, tenant: Tenant): Promise<Active[]> {
  const found: Version[] = []
  for (let after: string | undefined; ; ) {
    const page = await store.search(tenant, {
      types: ['SearchParameter'],
      where: [{ kind: 'token', param: 'status', code: 'active' }],
      sort: [{ by: 'updated', descending: false }],
      count: 200,
      ...(after === undefined ? {} : { after }),
    })
    found.push(...page.versions)
    after = page.next
    if (after === undefined) break
  }
  return found.flatMap(({ seq, json = '' }) => {
    const resource = parseStored(json) as SearchParameter
    return isPublished(resource) ? [] : [{ facts: factsOf(resource), seq }]
  })
}

const same = (a: OwnFacts, b: OwnFacts): boolean => JSON.stringify(a) === JSON.stringify(b)

/** Whether its parameter was not there, or another one, at some time since: what was written then has no rows of it. */
async function isLapsed(
  store: Store,
  tenant: Tenant,
  { state }: StoredIndex,
  active: Active[],
): Promise<boolean> {
  const from = Number(state.id)
  const one = active.find(({ facts }) => same(facts, state.facts))
  if (!one || one.seq <= from) return false
  const of = { type: 'SearchParameter', id: one.facts.id, count: 100 }
  for (let after: string | undefined; ; ) {
    const page = await store.history(tenant, { ...of, ...(after === undefined ? {} : { after }) })
    for (const { seq, json } of page.versions) {
      if (seq < from) return false
      const resource = json === undefined ? undefined : (parseStored(json) as SearchParameter)
      if (resource?.status !== 'active' || !same(factsOf(resource), state.facts)) return true
    }
    after = page.next
    if (after === undefined) return false
  }
}

/** Of two of one code on one type the one that has an index counts, then the older; R4's own count before both. */
function know(
  indexes: StoredIndex[],
  active: Active[],
  lapsed: ReadonlySet<string>,
  home: Home,
): Known {
  const indexOf = ({ facts }: Active) =>
    indexes.find(
      ({ state }) =>
        state.state !== 'removing' && !lapsed.has(state.id) && same(state.facts, facts),
    )
  const order = active
    .map(one => ({ ...one, index: indexOf(one) }))
    .sort((a, b) => Number(!a.index) - Number(!b.index) || a.seq - b.seq)
  const taken = new Map<string, Map<string, { facts: OwnFacts; index: StoredIndex | undefined }>>()
  const held = new Set<string>()
  const wanted: Active[] = []
  for (const { facts, seq, index } of order) {
    const types = typesOf(facts)
    const free = types.every(
      type =>
        !taken.get(type)?.has(facts.code) &&
        !searchParameters(type).some(({ code }) => code === facts.code),
    )
    if (!free) continue
    // One of every resource is one of searches on all types too.
    for (const type of facts.base.includes('Resource') ? [...types, 'Resource'] : types) {
      const codes = taken.get(type) ?? new Map()
      taken.set(type, codes.set(facts.code, { facts, index }))
    }
    if (index) held.add(index.state.id)
    else wanted.push({ facts, seq })
  }
  const unwanted = new Set(
    indexes
      .filter(({ state }) => state.state !== 'removing' && !held.has(state.id))
      .map(({ state }) => state.id),
  )
  return { ...tables(indexes, held, taken, home), indexes, warnings: [], wanted, unwanted }
}

function tables(
  indexes: StoredIndex[],
  held: ReadonlySet<string>,
  taken: ReadonlyMap<
    string,
    ReadonlyMap<string, { facts: OwnFacts; index: StoredIndex | undefined }>
  >,
  home: Home,
): Pick<Known, 'of' | 'refusal' | 'revision' | 'ready' | 'complete' | 'rowsOf'> {
  const extractors = new Map<string, Map<string, (resource: Resource) => Row[]>>()
  for (const { state } of indexes) {
    if (!held.has(state.id)) continue
    for (const type of typesOf(state.facts)) {
      const extractor = extractorOf({ ...state.facts, rows: state.rows }, type, home)
      if (!extractor) continue
      const ofType = extractors.get(type) ?? new Map()
      extractors.set(type, ofType.set(state.id, guarded(extractor)))
    }
  }
  const searchable = new Map(
    [...taken].map(([type, codes]) => [
      type,
      new Map(
        [...codes].flatMap(([code, { facts, index }]): [string, SearchParameterFacts][] =>
          index?.state.state === 'ready' ? [[code, { ...facts, rows: index.state.rows }]] : [],
        ),
      ),
    ]),
  )
  return {
    of: type => searchable.get(type) ?? none,
    refusal(type, code) {
      const one = taken.get(type)?.get(code)
      return one && one.index?.state.state !== 'ready' ? notReady(code, one.index) : undefined
    },
    revision: [...held].sort().join(),
    ready: indexes
      .filter(({ state }) => state.state === 'ready' && held.has(state.id))
      .map(({ state }) => state.id)
      .join(),
    complete(resource, extract) {
      const ofType = extractors.get(resource.resourceType)
      if (!ofType) return extract
      const rows = onOneBudget(() => [...ofType.values()].flatMap(rowsOf => rowsOf(resource)))
      extract.rows.push(...rows)
      return extract
    },
    rowsOf: (index, resource) =>
      onOneBudget(() => extractors.get(resource.resourceType)?.get(index)?.(resource) ?? []),
  }
}

/** A resource at which an expression fails has no value: it can be written all the same. */
const guarded =
  (extractor: (resource: Resource) => Row[]) =>
  (resource: Resource): Row[] => {
    try {
      return extractor(resource)
    } catch {
      return []
    }
  }

function notReady(code: string, index: StoredIndex | undefined): FhirError {
  const percent = index ? percentOf(index.state) : 0
  return unsupported(
    `${code} cannot be searched by until what is stored is indexed: ${percent} % is done, try again later`,
  )
}

/** Never all of it, as long as it goes on. */
const percentOf = ({ done, total }: IndexState): number =>
  total > 0 ? Math.min(99, Math.floor((100 * done) / total)) : 0

/** Changes, queries and walks over pages, for any store. */
import type { HistoryQuery, Predicate, Query } from '../../../resources/search/query.ts'
import type {
  Change,
  Extract,
  Page,
  Row,
  Store,
  Tenant,
  Version,
} from '../../../resources/store.ts'

export const pune = 'pune' as Tenant
export const delhi = 'delhi' as Tenant

interface More extends Partial<Change> {
  rows?: Row[]
  date?: number
}

/** What an extractor would give whose parameters all have rows. */
export const extractOf = (rows: Row[], date?: number): Extract => ({
  rows,
  present: [...new Set(rows.map(({ param }) => param))].sort(),
  ...(date === undefined ? {} : { date }),
})

/** A create of Patient/id, unless more says otherwise. */
export function change(id: string, { rows = [], date, ...more }: More = {}): Change {
  const replaces = more.replaces ?? 0
  return {
    type: 'Patient',
    id,
    method: replaces === 0 ? 'create' : 'update',
    replaces,
    json: JSON.stringify({ resourceType: more.type ?? 'Patient', id, version: replaces + 1 }),
    extract: extractOf(rows, date),
    ...more,
  }
}

/** What deletes the version a change made. */
export function deletion({ type, id, replaces, extract }: Change): Change {
  return {
    type,
    id,
    method: 'delete',
    replaces: replaces + 1,
    extract: extractOf([]),
    old: extract,
  }
}

/** What replaces the version a change made. */
export const next = (before: Change, more: More = {}): Change =>
  change(before.id, {
    type: before.type,
    replaces: before.replaces + 1,
    ...(before.json === undefined ? { method: 'revive' as const } : { old: before.extract }),
    ...more,
  })

export const write = (store: Store, tenant: Tenant, ...changes: Change[]): Promise<Version[]> =>
  store.commit(tenant, () => ({ changes }))

/** A store with these, written a second apart. */
export async function filled(
  open: (now: () => number) => Promise<Store>,
  changes: Change[],
): Promise<Store> {
  let now = 0
  const store = await open(() => now)
  for (const each of changes) {
    now += 1000
    await write(store, pune, each)
  }
  return store
}

export const coded = (code: string, system = 'http://example.org/mrn'): Row => ({
  kind: 'token',
  param: 'identifier',
  code,
  system,
})

export const byCode = (code: string): Predicate => ({
  kind: 'token',
  param: 'identifier',
  code,
  system: 'http://example.org/mrn',
})

export const query = (more: Partial<Query> = {}): Query => ({
  types: ['Patient'],
  where: [],
  sort: [{ by: 'date', descending: false }],
  count: 100,
  ...more,
})

/** All pages of a search or a history, one after the other, and how many there were. */
export async function walk<Q extends { count: number; after?: string }>(
  ask: (query: Q) => Promise<Page>,
  from: Q,
): Promise<{ versions: Version[]; pages: number }> {
  const versions: Version[] = []
  let pages = 0
  for (let asked = from; ; ) {
    const page = await ask(asked)
    versions.push(...page.versions)
    pages++
    if (page.next === undefined) return { versions, pages }
    asked = { ...asked, after: page.next }
  }
}

export const idsOf = (versions: { id: string }[]): string[] => versions.map(({ id }) => id)

export const found = async (store: Store, where: Predicate[], more: Partial<Query> = {}) =>
  idsOf((await store.search(pune, query({ where, ...more }))).versions)

/** `Patient/1 2`: a version's name, for comparing lists. */
export const named = ({ type, id, number }: Version): string => `${type}/${id} ${number}`

export const past = async (store: Store, more: Partial<HistoryQuery> = {}, tenant = pune) =>
  (await store.history(tenant, { count: 1000, ...more })).versions.map(named)

export async function scanned(store: Store, tenant: Tenant, type: string, after?: string) {
  const versions: Version[] = []
  for await (const version of store.scan(tenant, type, after)) versions.push(version)
  return versions
}

/** What a commit is refused with. */
export const conflict = (reason: 'version' | 'check', on: string) => ({
  name: 'CommitConflict',
  reason,
  on,
})

export const times = <T>(count: number, make: (n: number) => T): T[] =>
  Array.from({ length: count }, (_, n) => make(n))

import type { HistoryQuery, Query } from './search/query.ts'

/** The space a resource lives in. Made in server/tenants.ts only; nothing is read or written without one. */
export type Tenant = string & { readonly tenant: unique symbol }

/** What made a version; `revive` is an update of what was deleted. */
export type Method = 'create' | 'update' | 'patch' | 'delete' | 'revive'

/** One version of a resource, as stored. */
export interface Version {
  type: string
  id: string
  /** meta.versionId: 1, 2, 3 … */
  number: number
  /** The commit number: orders history, pages and the change feed. */
  seq: number
  /** meta.lastUpdated in ms since 1970; never decreases with `seq`. */
  at: number
  method: Method
  /** The resource as JSON text, with id and meta; absent where this version is a delete. */
  json?: string
}

/** One search value of a resource. `first` is the first part of a composite: `system|code` of its token. */
export type Row = { param: string; first?: string } & (
  | { kind: 'token'; code: string; system: string }
  | { kind: 'string'; text: string; exact: string }
  | { kind: 'date'; low: number; high: number }
  | { kind: 'quantity'; low: string; high: string; system: string; unit: string }
  | { kind: 'reference'; target: string }
  | { kind: 'uri'; uri: string }
  /** What is said beside a code or reference, folded. */
  | { kind: 'label'; text: string }
  /** Degrees. */
  | { kind: 'position'; latitude: number; longitude: number }
)

/** What the search for a resource knows of it: its rows, and the keys that cluster them. */
export interface Extract {
  rows: Row[]
  /** Codes of the parameters whose element is there at all, aliases too, sorted; never `_id` and `_lastUpdated`. */
  present: string[]
  /** The main date in ms (Observation.date …); absent: the time of version 1. */
  date?: number
  /** Id of the Patient whose compartment it is in. */
  patient?: string
  /** The text of the narrative, and all other text that people read, folded. */
  narrative?: string
  content?: string
}

/** A version to be written. */
export interface Change {
  type: string
  id: string
  method: Method
  /** The number of the version it replaces; 0 where there is none. If that is not the newest, the commit fails. */
  replaces: number
  /** Absent: a delete. */
  json?: string
  extract: Extract
  /** The rows of the replaced version, from the same extractor; absent where there is none or it was a delete. */
  old?: Extract
}

/** The version that a change makes. */
export const versionOf = (
  change: Pick<Change, 'type' | 'id' | 'method' | 'replaces'> & { json?: string | null },
  seq: number,
  at: number,
): Version => ({
  type: change.type,
  id: change.id,
  number: change.replaces + 1,
  seq,
  at,
  method: change.method,
  ...(typeof change.json === 'string' ? { json: change.json } : {}),
})

/** What must still be true when the commit happens: the search gives these ids (at most `ids.length + 1` are looked at). */
export interface Check {
  query: Query
  ids: string[]
  /** Named in the failure, so that the caller knows which of its decisions no longer holds. */
  name: string
}

/** Rows for a version as it is stored. */
export interface Addition {
  type: string
  id: string
  number: number
  rows: Row[]
  /** In place of rows all that is known of the resource: what an older program did not make of it is added. */
  whole?: Extract
}

/** Something to tell the outside after the commit. Ids only, never contents. */
export interface Event {
  id: string
  topic: string
  type: string
  resource: string
  version: number
}

export interface Commit {
  changes: Change[]
  checks?: Check[]
  events?: Event[]
}

/** Something that is not as it should be. Ids only, never contents. */
export interface Finding {
  tenant: Tenant
  /** `Patient/1`, `Patient/1 version 3`, or what else it is about. */
  on: string
  /** Goes on after the name: `has no newest version`. */
  what: string
}

/** What those who inspect a store know of the resources in it. */
export interface Knowledge {
  /** What a newest version is found by; undefined where nobody can say now. */
  extract(tenant: Tenant, version: Version): Extract | undefined
  /** Names of rows that may be there or not: they are being made, or taken away. */
  unsure(tenant: Tenant): readonly string[]
}

/** A version on its way from one store to another. */
export interface Moving {
  tenant: Tenant
  version: Version
  /** It is the newest one of its resource. */
  newest: boolean
  /** What it is to be found by, where it is the newest one and no delete. */
  extract?: Extract
}

/** Why a commit did not happen. Nothing of it was written; the caller may look again and retry. */
export class CommitConflict extends Error {
  /** The change (`Patient/1`) or the check's name that failed. */
  readonly on: string
  readonly reason: 'version' | 'check'

  constructor(reason: 'version' | 'check', on: string) {
    super(`${reason} conflict on ${on}`)
    this.name = 'CommitConflict'
    this.reason = reason
    this.on = on
  }
}

export interface Page {
  versions: Version[]
  /** Where the next page begins: opaque, safe in a URL. Absent on the last page. */
  next?: string
  /** Where the page before begins; absent on the first page. */
  previous?: string
  /** How many the pages from this one on hold, where the query asks it of a first page: `atMost` may be more. */
  total?: number
  /** Of the first page of the history of a type or of all: no version is still to come that was made before this instant (ms). */
  settled?: number
}

/** A step of a search, for operators. */
export interface Step {
  step: string
  /** Where its rows stand. */
  table?: string
  /** Rows it was taken to have; counted up to a bound. */
  estimate: number
  /** Rows it had; counted up to a bound. */
  rows: number
  ms: number
}

/** Who asks for a search. */
export interface Asking {
  /** Aborted when nobody waits any more: it rejects. */
  signal?: AbortSignal | undefined
  /** It is of a request that was let in before: however many wait, it waits in its turn, and is not refused. */
  goesOn?: boolean
}

/**
 * Where versions are kept. It knows nothing of HTTP, access or rules: what it is given is allowed.
 * All methods reject with FhirError where the outside failed (503, 507), never silently.
 */
export interface Store {
  /**
   * All of it or none of it, atomically and durably. `build` is called synchronously when the commit takes its place in
   * the order, with the instant that goes into meta.lastUpdated (ms; never before that of an earlier commit), and again
   * with a later one where that place is lost: it has no effects.
   * Resolves with the versions written, in the order of the changes. Rejects with CommitConflict when a `replaces` is
   * not the newest version or a check no longer holds.
   */
  commit(tenant: Tenant, build: (at: number) => Commit): Promise<Version[]>
  /** The newest version, or the one numbered so; a delete is a version without `json`. */
  read(tenant: Tenant, type: string, id: string, number?: number): Promise<Version | undefined>
  /** Newest first. */
  history(tenant: Tenant, query: HistoryQuery): Promise<Page>
  search(tenant: Tenant, query: Query, asking?: Asking): Promise<Page>
  /** Counts up to `atMost` (all, where absent): an answer of `atMost` may be more. */
  count(
    tenant: Tenant,
    query: Query,
    options?: Asking & { atMost?: number | undefined },
  ): Promise<number>
  /** How a search is answered: its conditions, what drives it, and what each step took. No values. */
  explain(tenant: Tenant, query: Query, asking?: Asking): Promise<Step[]>
  /** Every newest version that is not deleted, in id order: for export and reindexing. */
  scan(tenant: Tenant, type: string, after?: string): AsyncIterable<Version>
  /** How many resources of each type are there now. */
  totals(tenant: Tenant): Promise<Record<string, number>>
  /**
   * Tells of the last changes to resources of these types: another text after each, a delete included; empty where there
   * was none. Cheap: it tells before each use whether what was made of them still holds.
   */
  lastChanges(tenant: Tenant, types: string[]): Promise<string>
  /**
   * Gives stored versions rows of a parameter that came to be known after them, all or none. Rows that are there already
   * stay as they are. Resolves with those whose newest version is another one by now, or a delete: they got none.
   */
  addRows(tenant: Tenant, additions: Addition[]): Promise<Addition[]>
  /**
   * Deletes up to `limit` rows that resources of a type have for a parameter, or for a variant of it (`param:…`), of all
   * versions. Resolves with whether there may be more. Nobody searches by it any more.
   */
  dropRows(tenant: Tenant, type: string, param: string, limit: number): Promise<boolean>
  /** Events not yet delivered, oldest first; `done` forgets one. */
  undelivered(limit: number): Promise<{ event: Event; done(): Promise<void> }[]>
  /** All of them, but for the first ones. */
  events(skip: number): AsyncIterable<Event>
  /**
   * Compares all that is stored with itself: versions, what they are found by, what is counted and what is still to be
   * told. Changes nothing. `progress` is told how many versions were looked at.
   */
  inspect(knowledge: Knowledge, progress: (done: number) => void): AsyncIterable<Finding>
  /** Every version of every tenant, in the order of commits, but for the first ones; and how many there are. */
  versions(skip: number): AsyncIterable<Moving>
  versionCount(): Promise<number>
  /**
   * Takes over versions of another store, which has so many, as they are, all or none, after those that it has; commit
   * numbers are given anew, in the same order. So it takes over events. Until it is told that this is all, it can be opened
   * for this only. Rejects where another number of versions was to come before.
   */
  adopt(
    versions: Moving[],
    of: { total: number; events?: Event[]; isWhole?: boolean },
  ): Promise<void>
  /**
   * Gives a name to a holder for so long (ms, by the clock of the store), or for longer than it has it; 0 gives it up.
   * False: another one has it. Nothing else is kept from anyone by it.
   */
  lease(name: string, holder: string, ms: number): Promise<boolean>
  /** The names that begin so and are somebody's now. */
  leases(start: string): Promise<{ name: string; holder: string }[]>
  /** Rejects, saying why, when nothing can be written now. */
  check(): Promise<void>
  close(): Promise<void>
}

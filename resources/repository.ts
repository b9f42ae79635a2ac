import type { Context } from './context.ts'
import type { HistoryQuery, Query } from './search/query.ts'
import type { Page, Version } from './store.ts'

/** A patch as it came: which of the three languages, and its body parsed. https://hl7.org/fhir/R4/http.html#patch */
export type Patch =
  | { language: 'json-patch'; body: unknown }
  | { language: 'merge-patch'; body: unknown }
  | { language: 'fhirpath-patch'; body: unknown }

/** What a caller wants written. Names one resource by `id`, or by `criteria` (parameters of a search on `type`). */
export interface Write {
  kind: 'create' | 'update' | 'patch' | 'delete'
  type: string
  id?: string
  /** If-None-Exist of a create; the search of a conditional update, patch or delete. */
  criteria?: [string, string][]
  resource?: unknown
  patch?: Patch
  /** If-Match: version numbers of which one must be the newest, or '*' for any. */
  ifMatch?: number[] | '*'
  /** If-None-Match: * on an update: only if there is none. */
  ifNoneMatch?: '*'
  /** Where in the request this stands, for diagnostics: `Bundle.entry[3].resource`. */
  path?: string
}

export interface Outcome {
  /** 201 created; 200 there already, updated or patched; 204 deleted, or nothing was there to delete. */
  status: 200 | 201 | 204
  /** The version that now stands; absent where a delete found nothing. */
  version?: Version
  /** False where nothing was written: it was there already, or the update changes nothing. */
  changed: boolean
}

/** The one way to data. Every method rejects with a FhirError the caller can be shown. */
export interface Repository {
  /** 404 where there never was one, 410 where it is deleted. */
  read(context: Context, type: string, id: string, number?: number): Promise<Version>
  /** 404 where `id` names what never was. */
  history(context: Context, query: HistoryQuery): Promise<Page>
  search(context: Context, query: Query): Promise<Page>
  count(context: Context, query: Query): Promise<number>
  totals(context: Context): Promise<Record<string, number>>
  write(context: Context, write: Write): Promise<Outcome>
  /** Conditional delete of all that match, up to `limit` (above: 412, nothing deleted). Answers how many. */
  deleteMatching(
    context: Context,
    type: string,
    criteria: [string, string][],
    limit: number,
  ): Promise<number>
  /** All of them or none. `writes[i].resource` may reference others of the same call by fullUrl, see bundle.ts. */
  transaction(context: Context, entries: TransactionEntry[]): Promise<Outcome[]>
}

export interface TransactionEntry {
  write: Write
  /** `urn:uuid:…` or an absolute URL other entries refer to it by. */
  fullUrl?: string
}

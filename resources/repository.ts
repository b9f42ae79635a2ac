import { transact } from './bundle.ts'
import type { Context } from './context.ts'
import { ambiguous, gone, notFound } from './error.ts'
import { createExclusive } from './exclusive.ts'
import type { HistoryQuery, Query } from './search/query.ts'
import type { Asking, Page, Step, Store, Version } from './store.ts'
import { criteriaQuery } from './write/criteria.ts'
import { alone, type Draft, type WriteParts } from './write/draft.ts'
import {
  changeOf,
  finishDraft,
  makeDraft,
  outcomeOf,
  prepareDraft,
  type Retry,
  retrying,
} from './write.ts'

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
  /** Counts up to `atMost`: an answer of `atMost` may be more. */
  count(context: Context, query: Query, atMost?: number): Promise<number>
  /** How the search would be answered, and what each step takes. */
  explain(context: Context, query: Query): Promise<Step[]>
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
  /** `urn:uuid:…` or an absolute URL by which other entries refer to it. */
  fullUrl?: string
}

export function createRepository(given: WriteParts): Repository {
  const { parameters } = given
  const store: Store = {
    ...given.store,
    commit: (tenant, build) => parameters.during(tenant, () => given.store.commit(tenant, build)),
  }
  const parts = { ...given, store }
  const exclusive = createExclusive()

  /** An attempt waits for all who name what the ones before it lost to: so nobody is outrun for ever. */
  const inTurn = ({ tenant }: Context, keys: string[]): Retry => {
    const names = new Set(keys)
    return attempt =>
      retrying(
        () => exclusive([...names], attempt),
        on => names.add(`${tenant}/${on}`),
      )
  }

  const begun = new WeakSet<Context>()
  /** A request of which one search was let in goes on: it is not refused half way. */
  const letIn = async <T>(context: Context, ask: (asking: Asking) => Promise<T>): Promise<T> => {
    const answer = await ask({ signal: context.signal, goesOn: begun.has(context) })
    begun.add(context)
    return answer
  }

  /** Whoever wrote a search parameter finds it known, and not ready, in the next request. */
  const tell = async ({ tenant }: Context, types: string[]): Promise<void> => {
    if (types.includes('SearchParameter')) await parameters.changed(tenant)
  }

  return {
    read: (context, type, id, number) => read(store, context, { type, id, number }),

    async history(context, query) {
      const page = await store.history(context.tenant, query)
      if (query.type && query.id && page.versions.length === 0)
        if (!(await store.read(context.tenant, query.type, query.id)))
          throw notFound(`there is no ${query.type}/${query.id}`)
      return page
    },

    search: (context, query) =>
      letIn(context, asking => store.search(context.tenant, query, asking)),
    count: (context, query, atMost) =>
      letIn(context, asking => store.count(context.tenant, query, { ...asking, atMost })),
    explain: (context, query) =>
      letIn(context, asking => store.explain(context.tenant, query, asking)),
    totals: context => store.totals(context.tenant),

    async write(context, write) {
      const attempt = () => writeOnce(context, write, parts)
      const outcome = await inTurn(context, keysOf(context, write))(attempt)
      await tell(context, [write.type])
      return outcome
    },

    async deleteMatching(context, type, criteria, limit) {
      const key = `${context.tenant}/${type}?${JSON.stringify(criteria)}`
      const attempt = () => deleteMatching(context, { type, criteria, limit }, parts)
      const deleted = await inTurn(context, [key])(attempt)
      await tell(context, [type])
      return deleted
    },

    async transaction(context, entries) {
      const keys = entries.flatMap(entry => keysOf(context, entry.write))
      const outcomes = await transact(context, entries, { ...parts, retry: inTurn(context, keys) })
      await tell(
        context,
        entries.map(({ write }) => write.type),
      )
      return outcomes
    },
  }
}

async function read(
  store: Store,
  context: Context,
  name: { type: string; id: string; number: number | undefined },
): Promise<Version> {
  const { type, id, number } = name
  const version = await store.read(context.tenant, type, id, number)
  const path = `${type}/${id}`
  if (!version)
    throw notFound(
      number === undefined ? `there is no ${path}` : `there is no version ${number} of ${path}`,
    )
  if (version.json === undefined)
    throw gone(
      number === undefined ? `${path} is deleted` : `version ${number} of ${path} is a delete`,
      undefined,
      // The tag of the delete, for an If-Match that brings it back: https://hl7.org/fhir/R4/http.html#read
      { headers: { ETag: `W/"${version.number}"` } },
    )
  return version
}

/** Callers that name one of the same keys wait for each other. A create with an id of ours meets nobody. */
function keysOf(context: Context, write: Write): string[] {
  const space = `${context.tenant}/${write.type}`
  return [
    ...(write.id === undefined ? [] : [`${space}/${write.id}`]),
    ...(write.criteria ? [`${space}?${JSON.stringify(write.criteria)}`] : []),
  ]
}

async function writeOnce(context: Context, write: Write, parts: WriteParts): Promise<Outcome> {
  const draft = makeDraft({ context, write, others: alone, id: write.id ?? context.newId() })
  await prepareDraft(draft, parts)
  await finishDraft(draft, parts)
  if (draft.settled) return draft.settled
  const [version] = await parts.store.commit(context.tenant, at => ({
    changes: [changeOf(draft, at)],
    checks: draft.checks,
  }))
  if (!version) throw new Error('a commit of one change gave no version')
  return outcomeOf(draft, version)
}

/** https://hl7.org/fhir/R4/http.html#cdelete: all that match, in one commit. */
async function deleteMatching(
  context: Context,
  what: { type: string; criteria: [string, string][]; limit: number },
  parts: WriteParts,
): Promise<number> {
  const { type, criteria, limit } = what
  const query = { ...(await criteriaQuery(context, type, criteria, parts)), count: limit + 1 }
  const { versions } = await parts.store.search(context.tenant, query)
  if (versions.length > limit)
    throw ambiguous(`the criteria match more than ${limit} resources of type ${type}: narrow them`)
  if (versions.length === 0) return 0
  const ids = versions.map(version => version.id)
  const others = { deleted: new Set(ids.map(id => `${type}/${id}`)), written: new Set<string>() }
  const drafts: Draft[] = []
  for (const id of ids) {
    const draft = makeDraft({ context, write: { kind: 'delete', type, id }, others, id })
    await finishDraft(draft, parts)
    if (!draft.settled) drafts.push(draft)
  }
  await parts.parameters.fresh(context)
  const checks = [{ query, ids, name: `delete of ${type} by criteria` }]
  await parts.store.commit(context.tenant, at => ({
    changes: drafts.map(draft => changeOf(draft, at)),
    checks: [...checks, ...drafts.flatMap(draft => draft.checks)],
  }))
  return ids.length
}

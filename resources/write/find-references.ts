import { type Issue, issue, rejected } from '../error.ts'
import { localOf, referencesOf } from '../reference.ts'
import type { TransactionEntry } from '../repository.ts'
import { isObject, type Resource } from '../resource.ts'
import { matchesAll, typesAsked, type Unstored } from '../search/match.ts'
import type { Query } from '../search/query.ts'
import { breathe } from './breathe.ts'
import { criteriaQuery } from './criteria.ts'
import { at, type Draft, type WriteParts } from './draft.ts'

/** What to write in place of what, for the entry with this fullUrl. */
type References = (fullUrl: string | undefined) => ReadonlyMap<string, string>

/**
 * What the references between entries, and the conditional ones, stand for: a fullUrl is the resource its entry writes,
 * and a relative reference means an entry only from a fullUrl on the same server
 * (https://hl7.org/fhir/R4/bundle.html#references).
 */
export async function findReferences(
  entries: TransactionEntry[],
  drafts: Draft[],
  parts: WriteParts,
): Promise<References> {
  const everywhere = await conditional(drafts, parts)
  const relative = new Map<string, Map<string, string>>()
  for (const [index, { fullUrl }] of entries.entries()) {
    const draft = drafts[index]
    if (!fullUrl || !draft || draft.write.kind === 'delete') continue
    const target = `${draft.write.type}/${draft.settled?.version?.id ?? draft.id}`
    everywhere.set(fullUrl, target)
    const [base, path] = split(fullUrl)
    if (base && path !== target) {
      const within = relative.get(base) ?? new Map<string, string>()
      relative.set(base, within.set(path, target))
    }
  }
  const all = new Map<string, ReadonlyMap<string, string>>()
  return fullUrl => {
    const [base] = split(fullUrl ?? '')
    const within = relative.get(base)
    if (!within) return everywhere
    const known = all.get(base) ?? new Map([...everywhere, ...within])
    all.set(base, known)
    return known
  }
}

function split(fullUrl: string): [base: string, path: string] {
  const [, base = '', path = ''] = /^(https?:\/\/.*)\/([A-Za-z]+\/[^/]+)$/.exec(fullUrl) ?? []
  return [base, path]
}

async function conditional(drafts: Draft[], parts: WriteParts): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  const issues: Issue[] = []
  const bundle = entriesBySearch(drafts, parts)
  for (const [index, draft] of drafts.entries()) {
    await breathe(index)
    const { resource } = draft.write
    if (draft.settled || !isObject(resource)) continue
    for (const { reference, path } of referencesOf(resource as Resource)) {
      const search = localOf(reference, parts.base())
      if (!/^[A-Za-z]+\?/.test(search) || found.has(reference)) continue
      const ids = await idsOf(search, draft, { bundle, parts })
      const [only] = ids ?? []
      if (!ids)
        issues.push(
          issue(
            'not-supported',
            'what the search this reference stands for finds depends on other entries of the transaction: search by values of the resource itself, or refer to the fullUrl of its entry',
            at(draft, path),
          ),
        )
      else if (only && ids.length === 1) found.set(reference, only)
      else
        issues.push(
          issue(
            only ? 'multiple-matches' : 'not-found',
            `the search this reference stands for finds ${only ? 'more than one resource' : 'nothing'}: it must find exactly one`,
            at(draft, path),
          ),
        )
    }
  }
  if (issues.length) throw rejected(issues)
  return found
}

/** undefined: only the commit knows. */
async function idsOf(
  search: string,
  draft: Draft,
  { bundle, parts }: { bundle: Entries; parts: WriteParts },
): Promise<string[] | undefined> {
  const cut = search.indexOf('?')
  const type = search.slice(0, cut)
  const criteria = [...new URLSearchParams(search.slice(cut + 1))]
  const query = await criteriaQuery(draft.context, type, criteria, parts)
  const same = bundle.byCriteria(type, query)
  if (same) return [`${type}/${same.settled?.version?.id ?? same.id}`]
  // They are resolved last (https://hl7.org/fhir/R4/http.html#trules): by what the entries will have written.
  if (query.where.some(each => typesAsked(each).some(bundle.changes))) return undefined
  const { deleted } = draft.others
  const written = bundle.ofType(type)
  const limited = { ...query, count: 2 + deleted.size + written.size }
  const { versions } = await parts.store.search(draft.context.tenant, limited)
  const ids = versions.map(version => version.id)
  draft.checks.push({ query: limited, ids, name: `reference to ${type} by search` })
  const staying = ids.filter(id => !deleted.has(`${type}/${id}`) && !written.has(id))
  const coming = [...written.values()].map(each => ({
    id: each.id,
    found: matchesAll(query.where, each),
  }))
  if (coming.some(each => each.found === undefined)) return undefined
  const found = coming.flatMap(each => (each.found ? [each.id] : []))
  return [...staying, ...found].map(id => `${type}/${id}`)
}

/** The entries as a reference by search may find them. */
interface Entries {
  /** The one that looks for its match by the same criteria. */
  byCriteria(type: string, query: Query): Draft | undefined
  /** What will be written of a type, by id. A patch is not known yet, so what it changes counts as it is. */
  ofType(type: string): ReadonlyMap<string, Unstored>
  /** Whether something of a type is written or deleted. */
  changes(type: string): boolean
}

function entriesBySearch(drafts: Draft[], parts: WriteParts): Entries {
  const keyOf = (type: string, { where }: Query) => `${type}?${JSON.stringify(where)}`
  const looking = new Map<string, Draft>()
  for (const draft of drafts) {
    const [check] = draft.checks
    if (!check || draft.write.kind === 'delete') continue
    const key = keyOf(draft.write.type, check.query)
    if (!looking.has(key)) looking.set(key, draft)
  }
  const written = new Map<string, ReadonlyMap<string, Unstored>>()
  const changed = new Set(drafts.flatMap(({ write, settled }) => (settled ? [] : [write.type])))
  return {
    changes: type => changed.has(type),
    byCriteria: (type, query) => looking.get(keyOf(type, query)),
    ofType(type) {
      const known =
        written.get(type) ?? new Map(drafts.flatMap(draft => unstored(draft, type, parts)))
      written.set(type, known)
      return known
    },
  }
}

/** What fails the checks has no rows, and fails the transaction later. */
function unstored(
  { write, settled, id }: Draft,
  type: string,
  parts: WriteParts,
): [string, Unstored][] {
  const { resource } = write
  if (write.type !== type || settled || !isObject(resource) || resource.resourceType !== type)
    return []
  if (parts.validator.validate(resource as Resource).length) return []
  return [[id, { type, id, extract: parts.extract({ ...(resource as Resource), id }) }]]
}

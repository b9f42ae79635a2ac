import { type Issue, issue, rejected } from '../error.ts'
import { referencesOf } from '../reference.ts'
import type { TransactionEntry } from '../repository.ts'
import { isObject, type Resource } from '../resource.ts'
import { criteriaQuery } from './criteria.ts'
import { at, type Draft, type WriteParts } from './draft.ts'

/** What to write in place of what, for the entry with this fullUrl. */
export type References = (fullUrl: string | undefined) => ReadonlyMap<string, string>

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
  return fullUrl => {
    const within = fullUrl && relative.get(split(fullUrl)[0])
    return within ? new Map([...everywhere, ...within]) : everywhere
  }
}

function split(fullUrl: string): [base: string, path: string] {
  const [, base = '', path = ''] = /^(https?:\/\/.*)\/([A-Za-z]+\/[^/]+)$/.exec(fullUrl) ?? []
  return [base, path]
}

async function conditional(drafts: Draft[], parts: WriteParts): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  const issues: Issue[] = []
  for (const draft of drafts) {
    const { resource } = draft.write
    if (draft.settled || !isObject(resource)) continue
    for (const { reference, path } of referencesOf(resource as Resource)) {
      if (!/^[A-Za-z]+\?/.test(reference) || found.has(reference)) continue
      const ids = await idsOf(reference, draft, { drafts, parts })
      const [only] = ids
      if (only && ids.length === 1) found.set(reference, only)
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

async function idsOf(
  reference: string,
  draft: Draft,
  { drafts, parts }: { drafts: Draft[]; parts: WriteParts },
): Promise<string[]> {
  const cut = reference.indexOf('?')
  const type = reference.slice(0, cut)
  const criteria = [...new URLSearchParams(reference.slice(cut + 1))]
  const query = { ...criteriaQuery(parts, type, criteria), count: 2 }
  const where = JSON.stringify(query.where)
  const sibling = drafts.find(
    other =>
      other.write.type === type &&
      other.write.kind !== 'delete' &&
      other.checks.some(check => JSON.stringify(check.query.where) === where),
  )
  if (sibling) return [`${type}/${sibling.settled?.version?.id ?? sibling.id}`]
  const { versions } = await parts.store.search(draft.context.tenant, query)
  const ids = versions.map(version => version.id)
  draft.checks.push({ query, ids, name: `reference to ${type} by search` })
  return ids.map(id => `${type}/${id}`)
}

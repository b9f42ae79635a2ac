/** https://hl7.org/fhir/R4/references.html and https://hl7.org/fhir/R4/http.html#integrity */
import { conflict, type Issue, issue, rejected } from '../error.ts'
import { fullUrlsOf, localOf, parseReference, referencesOf, spellingsOf } from '../reference.ts'
import type { Query } from '../search/query.ts'
import { at, type Draft, type Step, type WriteParts } from './draft.ts'

/**
 * A urn that nothing resolves and a conditional reference that no transaction resolved are refused. With referential integrity
 * on, the target must be there, and a resource that others refer to is not deleted; the commit looks again.
 */
export const resolveReferences: Step = async (draft, parts) => {
  if (draft.write.kind === 'delete') return forbidOrphans(draft, parts)
  if (!draft.after) return
  const issues: Issue[] = []
  let own: ReadonlySet<string> | undefined
  for (const site of referencesOf(draft.after)) {
    // What a stored Bundle holds refers to what else it holds, or to another server.
    const isUrn = site.reference.startsWith('urn:')
    if (isUrn) own ??= fullUrlsOf(draft.after)
    if (isUrn ? own?.has(site.reference) : site.path.startsWith('Bundle.entry')) continue
    const expression = at(draft, site.path)
    if (/^urn:(uuid|oid):/.test(site.reference))
      issues.push(
        issue('not-found', 'nothing in the request has this urn as its fullUrl', expression),
      )
    else if (/^[A-Za-z]+\?/.test(localOf(site.reference, parts.base())))
      issues.push(
        issue(
          'not-supported',
          'a reference by search works only in what a transaction creates or updates',
          expression,
        ),
      )
    else if (parts.referentialIntegrity && !(await isThere(site.reference, draft, parts)))
      issues.push(issue('not-found', 'the resource referred to does not exist', expression))
  }
  if (issues.length) throw rejected(issues)
}

async function isThere(reference: string, draft: Draft, parts: WriteParts): Promise<boolean> {
  const { form, type, id, version } = parseReference(localOf(reference, parts.base())) ?? {}
  if (form !== 'relative' || !type || !id) return true
  const name = `${type}/${id}`
  if (draft.others.written.has(name) || name === `${draft.write.type}/${draft.id}`) return true
  if (draft.others.deleted.has(name)) return false
  const target = await parts.store.read(draft.context.tenant, type, id)
  if (target?.json === undefined) return false
  // Versions are numbered from 1 without gaps.
  if (version && !(/^[1-9]\d*$/.test(version) && Number(version) <= target.number)) return false
  draft.checks.push({
    query: { ...anyOrder, types: [type], where: [{ kind: 'id', ids: [id] }], count: 1 },
    ids: [id],
    name: `reference to ${name}`,
  })
  return true
}

const anyOrder: Pick<Query, 'sort'> = { sort: [{ by: 'updated', descending: true }] }

/** How many referrers a 409 names. */
const named = 10

async function forbidOrphans(draft: Draft, parts: WriteParts): Promise<void> {
  if (!parts.referentialIntegrity) return
  const target = `${draft.write.type}/${draft.id}`
  const leaving = draft.others.deleted
  const query: Query = {
    ...anyOrder,
    where: [{ kind: 'refers', targets: spellingsOf(target, parts.base()) }],
    count: named + leaving.size + 1,
  }
  const { versions } = await parts.store.search(draft.context.tenant, query)
  const names = versions.map(version => `${version.type}/${version.id}`)
  const staying = names.filter(
    name => name !== target && !leaving.has(name) && !draft.others.written.has(name),
  )
  if (staying.length)
    throw conflict(
      `${target} is referred to by ${staying.slice(0, named).join(', ')}${staying.length > named ? ' and others' : ''}: change or delete them first`,
    )
  draft.checks.push({
    query,
    ids: versions.map(version => version.id),
    name: `references to ${target}`,
  })
}

/** https://hl7.org/fhir/R4/http.html#ccreate, #cond-update, #cdelete and conditional patch. */
import { ambiguous, conflict, invalid, notFound } from '../error.ts'
import { isObject } from '../resource.ts'
import type { Version } from '../store.ts'
import { criteriaQuery } from './criteria.ts'
import { at, type Draft, type Step, type WriteParts } from './draft.ts'

/** Finds what the criteria name, and asks the commit to look again: search and write are one atomic step. */
export const findMatch: Step = async (draft, parts) => {
  const { kind, type, criteria } = draft.write
  if (!criteria) return
  const matches = await search(draft, parts, criteria)
  const [only] = matches
  if (matches.length > 1)
    throw ambiguous(`the criteria match more than one ${type}: name one by its id or narrow them`)
  if (kind === 'create') {
    if (only) draft.settled = { status: 200, version: only, changed: false }
    return
  }
  if (kind === 'update') return matchUpdate(draft, only, parts)
  if (only) draft.id = only.id
  else if (kind === 'delete') draft.settled = { status: 204, changed: false }
  else throw notFound(`no ${type} matches the criteria`)
}

async function search(
  draft: Draft,
  parts: WriteParts,
  criteria: [string, string][],
): Promise<Version[]> {
  const { type, kind } = draft.write
  const leaving = draft.others.deleted
  const found = await criteriaQuery(draft.context, type, criteria, parts)
  const query = { ...found, count: 2 + leaving.size }
  const { versions } = await parts.store.search(draft.context.tenant, query)
  draft.checks.push({
    query,
    ids: versions.map(version => version.id),
    name: `${kind} of ${type} by criteria`,
  })
  // A transaction deletes first: what it deletes no longer matches.
  return versions.filter(version => !leaving.has(`${type}/${version.id}`) || kind === 'delete')
}

async function matchUpdate(
  draft: Draft,
  only: Version | undefined,
  parts: WriteParts,
): Promise<void> {
  const { resource, type } = draft.write
  const given = isObject(resource) ? resource.id : undefined
  if (only && given !== undefined && only.id !== given)
    throw invalid(
      `the ${type} that matches the criteria has another id than the body: leave the id out`,
      at(draft, `${type}.id`),
    )
  if (only) draft.id = only.id
  if (only || typeof given !== 'string') return
  // It would be overwritten although it is not the one that was looked for.
  const other = await parts.store.read(draft.context.tenant, type, given)
  if (other?.json !== undefined && !draft.others.deleted.has(`${type}/${given}`))
    throw conflict(
      `nothing matches the criteria, and the id of the body is that of another ${type}: leave the id out`,
      at(draft, `${type}.id`),
    )
  draft.id = given
}

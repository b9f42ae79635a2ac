/** https://hl7.org/fhir/R4/http.html#ccreate, #cond-update, #cdelete and conditional patch. */
import { ambiguous, invalid, notFound } from '../error.ts'
import { isObject } from '../resource.ts'
import type { Version } from '../store.ts'
import { criteriaQuery } from './criteria.ts'
import type { Draft, Step, WriteParts } from './draft.ts'

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
  if (kind === 'update') return matchUpdate(draft, only)
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
  const query = { ...criteriaQuery(parts, type, criteria), count: 2 + leaving.size }
  const { versions } = await parts.store.search(draft.context.tenant, query)
  draft.checks.push({
    query,
    ids: versions.map(version => version.id),
    name: `${kind} of ${type} by criteria`,
  })
  // A transaction deletes first: what it deletes no longer matches.
  return versions.filter(version => !leaving.has(`${type}/${version.id}`) || kind === 'delete')
}

function matchUpdate(draft: Draft, only: Version | undefined): void {
  const { resource, type } = draft.write
  const given = isObject(resource) ? resource.id : undefined
  if (typeof given === 'string') {
    if (only && only.id !== given)
      throw invalid(
        `the ${type} that matches the criteria has another id than the body: leave the id out`,
        `${type}.id`,
      )
    draft.id = given
  } else if (only) draft.id = only.id
}

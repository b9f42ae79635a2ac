import type { SearchParameter } from 'fhir/r4'
import { type Issue, issue, rejected } from '../error.ts'
import { parseStored } from '../json.ts'
import { isPublished, problemsOf, typesOf } from '../search/own.ts'
import type { Query } from '../search/query.ts'
import { at, type Draft, type Step } from './draft.ts'

/** How many SearchParameters may have one code, on different types. */
const most = 200

/** An active SearchParameter must be one that can be searched by. */
export const checkParameter: Step = (draft, parts) => {
  if (draft.write.type !== 'SearchParameter') return undefined
  const after = draft.after as SearchParameter | undefined
  if (after?.status !== 'active' || isPublished(after)) return undefined
  refuse(draft, problemsOf(after))
  const query: Query = {
    types: ['SearchParameter'],
    where: [
      { kind: 'token', param: 'code', code: after.code },
      { kind: 'token', param: 'status', code: 'active' },
    ],
    sort: [{ by: 'updated', descending: true }],
    count: most,
  }
  return parts.store.search(draft.context.tenant, query).then(({ versions }) => {
    const types = new Set(typesOf(after))
    const others = versions
      .filter(({ id }) => id !== draft.id)
      .map(({ json = '' }) => parseStored(json) as SearchParameter)
    if (others.some(other => typesOf(other).some(type => types.has(type))))
      refuse(draft, [
        issue(
          'duplicate',
          'another active SearchParameter has this code on one of these types: retire it, or choose another code',
          'SearchParameter.code',
        ),
      ])
    // Of two at once with one code the second must look again.
    draft.checks.push({
      query,
      ids: versions.map(({ id }) => id),
      name: 'the code of a SearchParameter',
    })
  })
}

function refuse(draft: Draft, issues: Issue[]): void {
  if (issues.length > 0)
    throw rejected(
      issues.map(each => ({
        ...each,
        expression: (each.expression ?? []).map(element => at(draft, element)),
      })),
    )
}

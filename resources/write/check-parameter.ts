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
    const { written, deleted } = draft.others
    const isBeside = (name: string) => written.has(name) || deleted.has(name)
    // What the same transaction writes is compared when all of it is known.
    const others = versions
      .filter(({ id }) => id !== draft.id && !isBeside(`SearchParameter/${id}`))
      .map(({ json = '' }) => parseStored(json) as SearchParameter)
    if (others.some(other => isAlike(other, after))) refuse(draft, [twice])
    // Of two at once with one code the second must look again.
    draft.checks.push({
      query,
      ids: versions.map(({ id }) => id),
      name: 'the code of a SearchParameter',
    })
  })
}

const isAlike = (one: SearchParameter, other: SearchParameter): boolean =>
  one.code === other.code && typesOf(one).some(type => typesOf(other).includes(type))

const twice = issue(
  'duplicate',
  'another active SearchParameter has this code on one of these types: retire it, or choose another code',
  'SearchParameter.code',
)

/** Of what one transaction writes no two may have one code either. */
export function compareParameters(drafts: readonly Draft[]): void {
  const active: SearchParameter[] = []
  for (const draft of drafts) {
    const { write, after, current } = draft
    if (write.type !== 'SearchParameter' || write.kind === 'delete') continue
    const parameter = (after ?? current) as SearchParameter | undefined
    if (parameter?.status !== 'active' || isPublished(parameter)) continue
    if (active.some(other => isAlike(other, parameter))) refuse(draft, [twice])
    active.push(parameter)
  }
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

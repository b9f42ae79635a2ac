import type { Known } from '../parameters.ts'
import type { Resource } from '../resource.ts'
import type { Draft, Step, WriteParts } from './draft.ts'

/** What a search will find it by, and what it was found by until now. */
export const extractRows: Step = (draft, parts) => {
  const known = parts.parameters.fresh(draft.context)
  if (known instanceof Promise) return known.then(each => extractWith(each, draft, parts))
  return extractWith(known, draft, parts)
}

function extractWith(known: Known, draft: Draft, parts: WriteParts): void {
  const extract = (resource: Resource) => known.complete(resource, parts.extract(resource))
  draft.extract = draft.after
    ? extract({ ...draft.after, id: draft.id })
    : { rows: [], present: [] }
  if (draft.current) draft.old = extract(draft.current)
  draft.isStale = () => !parts.parameters.holds(known, draft.context)
}

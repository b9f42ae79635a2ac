import type { Step } from './draft.ts'

/** What a search will find it by, and what it was found by until now. */
export const extractRows: Step = (draft, parts) => {
  draft.extract = draft.after
    ? parts.extract({ ...draft.after, id: draft.id })
    : { rows: [], present: [] }
  if (draft.current) draft.old = parts.extract(draft.current)
}

import { rejected } from '../error.ts'
import { at, type Step } from './draft.ts'

/** The basic checks of every write: known elements, cardinality, formats, references. All issues at once. */
export const validate: Step = (draft, parts) => {
  if (!draft.after) return
  const issues = parts.validator.validate(draft.after)
  if (issues.length === 0) return
  throw rejected(
    issues.map(issue => ({
      ...issue,
      expression: (issue.expression ?? ['']).map(each => at(draft, each)),
    })),
  )
}

import { rejected } from '../error.ts'
import { at, type Step } from './draft.ts'

/** The basic checks of every write: known elements, cardinality, formats, references. All issues at once. */
export const validate: Step = (draft, parts) => {
  if (!draft.after) return
  const issues = parts.validator.validate(draft.after)
  const path = draft.write.path
  if (path)
    for (const issue of issues)
      issue.expression = (issue.expression ?? []).map(
        expression => `${path}${expression.slice(expression.indexOf('.'))}`,
      )
  if (issues.some(issue => issue.severity === 'error' || issue.severity === 'fatal'))
    throw rejected(
      issues.map(issue => ({ ...issue, expression: issue.expression ?? [at(draft, '')] })),
    )
}

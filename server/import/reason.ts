import type { OperationOutcome } from 'fhir/r4'

/** What is wrong, for the user: elements and remedies, never what a resource holds. */
export function reasonOf(body: unknown, status: number): string {
  const issues = (body as Partial<OperationOutcome> | undefined)?.issue ?? []
  const told = issues
    .slice(0, 3)
    .map(({ expression, diagnostics, code }) =>
      [expression?.[0], diagnostics ?? code].filter(Boolean).join(': '),
    )
  const more = issues.length > 3 ? ` (and ${issues.length - 3} more)` : ''
  return `${status} ${told.join('; ')}${more}`
}

/** Whom a resource is about: what the commonest chains go along, so that a store can have it at hand. */
import { searchParameters } from '../definitions.ts'
import type { Row } from '../store.ts'

const known = new Map<string, string | undefined>()

/** The parameter that tells whom a type is about: `subject`, else `patient`; undefined: none of R4's does. */
export function aboutOf(type: string): string | undefined {
  if (!known.has(type)) {
    const references = searchParameters(type).filter(({ type: kind }) => kind === 'reference')
    known.set(
      type,
      ['subject', 'patient'].find(code => references.some(each => each.code === code)),
    )
  }
  return known.get(type)
}

export const several = '*'

/** The one that a resource is about, such as `Patient/1`; '' where it is nobody, `several` where they are more. */
export function subjectOf(type: string, rows: readonly Row[]): string {
  const param = aboutOf(type)
  let subject = ''
  for (const row of rows) {
    if (row.kind !== 'reference' || row.param !== param || row.target === subject) continue
    if (subject !== '') return several
    subject = row.target
  }
  return subject
}

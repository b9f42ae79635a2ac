import { invalid } from '../error.ts'
import type { Query } from '../search/query.ts'
import type { WriteParts } from './draft.ts'

/** The search of a conditional interaction. Criteria that would match everything are refused. */
export function criteriaQuery(
  parts: WriteParts,
  type: string,
  criteria: [string, string][],
): Query {
  const query = parts.parseCriteria(type, criteria)
  if (query.where.length === 0)
    throw invalid(
      `the criteria for ${type} name no search parameter: give one that tells it apart, such as identifier`,
    )
  return query
}

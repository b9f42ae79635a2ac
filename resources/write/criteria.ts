import type { Context } from '../context.ts'
import { invalid } from '../error.ts'
import type { Query } from '../search/query.ts'
import type { WriteParts } from './draft.ts'

/** The search of a conditional interaction. Criteria that would match everything are refused. */
export async function criteriaQuery(
  context: Context,
  type: string,
  criteria: [string, string][],
  { parseCriteria }: Pick<WriteParts, 'parseCriteria'>,
): Promise<Query> {
  const query = await parseCriteria(context, type, criteria)
  if (query.where.length === 0)
    throw invalid(
      `the criteria for ${type} name no search parameter: give one that tells it apart, such as identifier`,
    )
  return query
}

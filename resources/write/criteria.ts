import type { Context } from '../context.ts'
import { invalid } from '../error.ts'
import { isObject } from '../resource.ts'
import type { Query } from '../search/query.ts'
import { ucum } from '../search/ucum.ts'
import type { WriteParts } from './draft.ts'

/** The search of a conditional interaction. Criteria that would match everything are refused. */
export async function criteriaQuery(
  context: Context,
  type: string,
  criteria: [string, string][],
  { parseCriteria, resource }: Pick<WriteParts, 'parseCriteria'> & { resource?: unknown },
): Promise<Query> {
  const query = await parseCriteria(context, type, criteria, unitsIn(resource))
  if (query.where.length === 0)
    throw invalid(
      `the criteria for ${type} name no search parameter: give one that tells it apart, such as identifier`,
    )
  return query
}

/** Others may write the first amount in such a unit between the search and the commit. */
function unitsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(unitsIn)
  if (!isObject(value)) return []
  const { system, code } = value
  return system === ucum && typeof code === 'string'
    ? [code]
    : Object.values(value).flatMap(unitsIn)
}

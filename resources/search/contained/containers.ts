import { containedTypes } from '../beside.ts'
import { eitherOf } from '../parse/predicates.ts'
import type { ParsedSearch } from '../parse.ts'
import type { Query } from '../query.ts'

/** All that contain resources of the types, whether these match or not; those last updated first, but where their own order is asked for. */
export function containersOf({ query, used }: ParsedSearch): Query {
  const where = query.types
    ? eitherOf(query.types.map(code => ({ kind: 'token', param: containedTypes, code })))
    : ({ kind: 'token', param: containedTypes, system: '' } as const)
  const isTheirs = query.sort.every(({ by }) => by === 'updated' || by === 'id')
  return {
    where: [where],
    sort:
      isTheirs && used.some(([name]) => name === '_sort')
        ? query.sort
        : [{ by: 'updated', descending: true }],
    count: 1,
  }
}

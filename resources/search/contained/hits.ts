/** What of a container is found. */
import type { Version } from '../../store.ts'
import type { Unstored } from '../match.ts'
import type { ParsedSearch } from '../parse.ts'
import type { Match } from '../result-page.ts'
import { foundBy, openContainer } from './holds.ts'
import type { ContainerReach } from './reach.ts'

export interface Hit {
  match: Match
  /** What is known of those within that are found. */
  found: Unstored[]
}

/** All criteria must be met by one and the same contained resource. Where the container comes, it comes once. */
export async function hitsIn(
  version: Version,
  { query: { types, where }, contained, containedType }: ParsedSearch,
  reach: ContainerReach,
): Promise<Hit[]> {
  if (version.json === undefined) return []
  const container = openContainer(version)
  const hits: Hit[] = []
  for (const inner of container.within) {
    if (types && !types.includes(inner.resourceType)) continue
    const found = await foundBy(where, inner, container, reach)
    if (found) hits.push({ match: { ...version, inner }, found: [found] })
  }
  if (containedType === 'contained' || hits.length === 0) return hits
  // What is found by itself has come already.
  const came =
    contained === 'both' &&
    (!types || types.includes(version.type)) &&
    (await foundBy(where, container.whole, container, reach))
  return came ? [] : [{ match: version, found: hits.flatMap(({ found }) => found) }]
}

/** Where a chain went to another version than a reference names. https://hl7.org/fhir/R4/search.html#versions */
import { type Issue, issue } from '../../resources/error.ts'
import { type Reach, readLinks } from '../../resources/search/included.ts'
import { bodyOf, type Links, linksBy, splitVersion } from '../../resources/search/links.ts'
import type { ParsedSearch } from '../../resources/search/parse.ts'
import { searchableParameters } from '../../resources/search.ts'
import type { Version } from '../../resources/store.ts'

/** What is to be said of the matches of a page: chains look at the newest version of what is referred to. */
export async function earlierVersions(
  { used }: ParsedSearch,
  matches: Version[],
  reach: Reach,
): Promise<Issue[]> {
  const codes = new Set(
    used.flatMap(([name]) => /^([a-z][^.:]*)(?::\w+)?\./i.exec(name)?.[1] ?? []),
  )
  const naming = codes.size ? matches.filter(({ json }) => json?.includes('/_history/')) : []
  const links: Links = new Map()
  for (const match of naming) {
    const known = searchableParameters(match.type, reach.own)
    const followed = [...codes].flatMap(code => known.get(code) ?? [])
    for (const [link, types] of linksBy(bodyOf(match), followed, reach.base))
      if (splitVersion(link).number !== undefined) links.set(link, types)
  }
  if (links.size === 0) return []
  const { versions } = await readLinks(links, reach)
  return versions.some(({ old }) => old) ? [told] : []
}

const told = issue(
  'informational',
  'a match of this page refers to an earlier version of what the chain leads to: the chain looked at the newest one',
  undefined,
  'warning',
)

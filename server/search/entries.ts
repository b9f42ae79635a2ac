/** The entries of a page of a search. https://hl7.org/fhir/R4/bundle.html#searchset */
import { type Issue, issue } from '../../resources/error.ts'
import { parseStored, printJson } from '../../resources/json.ts'
import type { Resource } from '../../resources/resource.ts'
import type { ParsedSearch } from '../../resources/search/parse.ts'
import type { Phrase } from '../../resources/search/query.ts'
import type { Match, ResultPage } from '../../resources/search/result-page.ts'
import { scoreOf } from '../../resources/search/score.ts'
import { extract } from '../../resources/search.ts'
import type { Version } from '../../resources/store.ts'
import type { Listed } from '../listing.ts'
import type { FhirRequest } from '../request.ts'
import { reduce, type Subset } from '../summary.ts'
import { distanceTo } from './distance.ts'

/** What is said of a search beside what it finds. */
interface Said {
  warnings: Issue[]
  explained: Issue[]
}

/** Matches, then what comes with them, then what there is to say of the search. */
export function entriesOf(
  { base }: FhirRequest,
  parsed: ParsedSearch,
  { matches, included, cut }: ResultPage,
  { warnings, explained }: Said,
): Listed[] {
  const subset = (version: Version, match: boolean) => subsetOf(parsed, version.type, match)
  const found = foundIn(parsed)
  return [
    ...matches.map(match => {
      const { inner } = match
      if (!inner) return listed(base, match, found(match.json), subset(match, true))
      return listedInside(base, { match, inner }, found, subsetOf(parsed, inner.resourceType, true))
    }),
    ...included.map(version => listed(base, version, { mode: 'include' }, subset(version, false))),
    ...told([...parsed.warnings, ...warnings, ...(cut ? [tooDeep] : [])]),
    ...told(explained),
  ]
}

/** What `search` of an entry says of a match: where it comes in place of what it contains, no more. */
const foundIn =
  ({ near, contained, containedType, query }: ParsedSearch) =>
  (json = ''): object => {
    if (contained && containedType !== 'contained') return { mode: 'match' }
    const scored = query.sort.find(key => key.by === 'score')
    return {
      mode: 'match',
      ...(scored ? { score: scoreIn(json, scored.phrases) } : {}),
      ...(near ? distanceTo(json, near) : {}),
    }
  }

/** To four digits, for people. */
const scoreIn = (json: string, phrases: Phrase[]): number =>
  Number(scoreOf(phrases, extract(parseStored(json) as Resource)).toFixed(4))

function listed(base: string, version: Version, search: object, subset?: Subset): Listed {
  const { type, id, json = '' } = version
  return {
    fullUrl: `${base}/${type}/${id}`,
    json: subset ? printJson(reduce(json, subset)) : json,
    rest: { search },
  }
}

/** By the address of its container and its id in it. https://hl7.org/fhir/R4/search.html#contained */
function listedInside(
  base: string,
  { match, inner }: { match: Match; inner: Resource },
  found: (json: string) => object,
  subset?: Subset,
): Listed {
  const inside = { ...match, json: printJson(inner) }
  const { fullUrl, ...rest } = listed(base, inside, found(inside.json), subset)
  return { fullUrl: `${fullUrl}#${inner.id ?? ''}`, ...rest }
}

/**
 * An element without a type is one of the matches, with a type one of all resources of that type; a resource of which
 * no element is named comes whole. https://hl7.org/fhir/R4/search.html#elements
 */
function subsetOf(
  { summary, elements }: ParsedSearch,
  type: string,
  match: boolean,
): Subset | undefined {
  if (elements) {
    const own = elements.filter(name => (/^[A-Z]/.test(name) ? name.startsWith(`${type}.`) : match))
    return own.length ? { elements: own } : undefined
  }
  return summary === 'true' || summary === 'text' || summary === 'data' ? { summary } : undefined
}

function told(issues: Issue[]): Listed[] {
  if (issues.length === 0) return []
  const outcome = { resourceType: 'OperationOutcome', issue: issues }
  return [{ json: printJson(outcome), rest: { search: { mode: 'outcome' } } }]
}

const tooDeep = issue(
  'too-costly',
  'what comes with the resources of this page by :iterate was left out: each leads to more than MAX_INCLUDES others, and so do those that led here',
  undefined,
  'warning',
)

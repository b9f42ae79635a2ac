/** https://hl7.org/fhir/R4/http.html#search */
import type { Context } from '../../resources/context.ts'
import type { Known } from '../../resources/parameters.ts'
import type { Compartment } from '../../resources/search/compartment.ts'
import { type ParsedSearch, parseSearch } from '../../resources/search/parse.ts'
import type { Query } from '../../resources/search/query.ts'
import { type Place, type ResultPage, resultPage } from '../../resources/search/result-page.ts'
import type { Interaction, Parts } from '../interactions.ts'
import { linksOf, printListing } from '../listing.ts'
import { preferOf } from '../prefer.ts'
import type { FhirRequest } from '../request.ts'
import { entriesOf } from '../searchset.ts'

export const search: Interaction = async (request, context, parts) => {
  const { type, compartment } = placeOf(request.path)
  const own = await parts.parameters.fresh(context)
  const parsed = await parseSearch(type, request.query, {
    strict: preferOf(request).handling !== 'lenient',
    defaultCount: parts.defaultPage,
    maxCount: parts.maxPage,
    base: request.base,
    now: context.now(),
    context,
    terminology: parts.terminology,
    parameters: own,
    ...(compartment ? { compartment } : {}),
  })
  const links = linksFor(request, context, { parsed, parts })
  const page =
    parsed.summary === 'count'
      ? nothing
      : await resultPage(askedOf(request, context, { parsed, parts, own }), links.place)
  const total = await totalOf(parsed, page, () => parts.repository.count(context, parsed.query))
  const json = printListing({
    type: 'searchset',
    ...(total === undefined ? {} : { total }),
    links: links.of(page),
    entries: entriesOf(request, parsed, page),
  })
  return { status: 200, headers: {}, json }
}

/** `Patient`, `Patient/1/Observation`, `Patient/1/*`, or nothing: all there is; each may be followed by `_search`. */
function placeOf(path: string[]): { type?: string; compartment?: Compartment } {
  const [first, id, type] = path.filter(step => step !== '_search')
  if (first === undefined || id === undefined) return first === undefined ? {} : { type: first }
  const compartment = { type: first, id }
  return type === undefined || type === '*' ? { compartment } : { type, compartment }
}

const nothing: ResultPage = { matches: [], included: [] }

interface Given {
  parsed: ParsedSearch
  parts: Parts
}

function askedOf(
  request: FhirRequest,
  context: Context,
  { parsed, parts, own }: Given & { own: Known },
) {
  // The place is that of the link, which holds more than the store's own.
  const { after: _, ...query } = parsed.query
  return {
    query,
    includes: parsed.includes,
    reach: {
      search: (one: Query) => parts.repository.search(context, one),
      base: request.base,
      limit: parts.maxIncludes,
      own,
    },
  }
}

/** Where this page begins, and the links from it: good for an hour after the first one was asked for. */
function linksFor(request: FhirRequest, context: Context, { parsed, parts }: Given) {
  const { used, page: text } = parsed
  const search = JSON.stringify([
    request.path.filter(step => step !== '_search'),
    used.filter(([name]) => name !== '_page'),
  ])
  const bound = { tenant: context.tenant, caller: '', search }
  const now = context.now()
  const state = text === undefined ? undefined : parts.pageLinks.read(text, bound, now)
  const print = (place: Place | undefined) =>
    place && parts.pageLinks.print({ place, since: state?.since ?? now }, bound)
  return {
    place: state?.place,
    of: ({ next, previous }: ResultPage) =>
      linksOf(request, used, {
        ...(next || state ? { first: '' } : {}),
        previous: print(previous),
        next: print(next),
      }),
  }
}

/** Counted where it was asked for; said where the only page tells it. An estimate is exact here. */
async function totalOf(
  { summary, total, query }: ParsedSearch,
  page: ResultPage,
  count: () => Promise<number>,
): Promise<number | undefined> {
  if (summary === 'count') return count()
  if (total === 'none') return undefined
  if (query.after === undefined && !page.next) return page.matches.length
  return total === undefined ? undefined : count()
}

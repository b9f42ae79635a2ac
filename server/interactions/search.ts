/** https://hl7.org/fhir/R4/http.html#search */
import type { Context } from '../../resources/context.ts'
import type { Known } from '../../resources/parameters.ts'
import type { Compartment } from '../../resources/search/compartment.ts'
import type { Reach } from '../../resources/search/included.ts'
import { type ParsedSearch, parseSearch } from '../../resources/search/parse.ts'
import type { Query } from '../../resources/search/query.ts'
import { type Place, type ResultPage, resultPage } from '../../resources/search/result-page.ts'
import type { Interaction, Parts } from '../interactions.ts'
import { printListing } from '../listing.ts'
import { preferOf } from '../prefer.ts'
import type { FhirRequest } from '../request.ts'
import { entriesOf } from '../search/entries.ts'
import { explain, timed } from '../search/explain.ts'
import { pagingOf } from '../search/links.ts'
import { totalOf } from '../search/total.ts'

export const search: Interaction = async (request, context, parts) => {
  const own = await parts.parameters.fresh(context)
  const { type, compartment } = placeOf(request.path)
  const handling = preferOf(request).handling
  const parsed = await parseSearch(type, request.query, {
    strict: handling === undefined ? parts.unknownParameters === 'refuse' : handling === 'strict',
    defaultCount: parts.defaultPage,
    maxCount: parts.maxPage,
    base: request.base,
    now: context.now(),
    zone: parts.zone,
    context,
    terminology: parts.terminology,
    parameters: own,
    ...(compartment ? { compartment } : {}),
  })
  parsed.warnings.push(...own.warnings)
  const around = { context, parts }
  const paging = pagingOf(request, parsed, around)
  const pageOf = async () =>
    parsed.summary === 'count'
      ? nothing
      : resultPage(
          {
            query: queryAt(parsed),
            includes: parsed.includes,
            reach: reachOf(request, context, { parts, own }),
          },
          paging.place,
        )
  const page = await timed(pageOf)
  const counted = await timed(() => totalOf(parsed, page.value, around))
  const { total, warning } = counted.value
  const steps = [
    { step: 'the page with its includes', rows: page.value.included.length, ms: page.ms },
    { step: 'the total', ms: counted.ms },
  ]
  const json = printListing({
    type: 'searchset',
    ...(total === undefined ? {} : { total }),
    links: paging.linksFrom(page.value),
    entries: entriesOf(request, parsed, page.value, {
      warnings: warning ? [warning] : [],
      explained: parsed.explain ? await explain(queryAt(parsed, paging.place), steps, around) : [],
    }),
  })
  return { status: 200, headers: {}, json }
}

/** The store knows its own place only; that of the link holds more. */
function queryAt({ query: { after: _, ...query } }: ParsedSearch, place?: Place): Query {
  return { ...query, ...(place?.after === undefined ? {} : { after: place.after }) }
}

const reachOf = (
  { base }: FhirRequest,
  context: Context,
  { parts, own }: { parts: Parts; own: Known },
): Reach => ({
  search: query => parts.repository.search(context, query),
  base,
  limit: parts.maxIncludes,
  own,
})

/** `Patient`, `Patient/1/Observation`, `Patient/1/*`, or nothing: all there is; each may be followed by `_search`. */
function placeOf(path: string[]): { type?: string; compartment?: Compartment } {
  const [first, id, type] = path.filter(step => step !== '_search')
  if (first === undefined || id === undefined) return first === undefined ? {} : { type: first }
  const compartment = { type: first, id }
  return type === undefined || type === '*' ? { compartment } : { type, compartment }
}

const nothing: ResultPage = { matches: [], included: [] }

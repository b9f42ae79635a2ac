/** https://hl7.org/fhir/R4/http.html#search */
import type { Compartment } from '../../resources/search/compartment.ts'
import { parseSearch } from '../../resources/search/parse.ts'
import type { ResultPage } from '../../resources/search/result-page.ts'
import type { Interaction } from '../interactions.ts'
import { printListing } from '../listing.ts'
import { preferOf } from '../prefer.ts'
import { entriesOf } from '../search/entries.ts'
import { explain, timed } from '../search/explain.ts'
import { finderOf } from '../search/finder.ts'
import { pagingOf } from '../search/links.ts'
import { totalOf, warningOf } from '../search/total.ts'

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
  const finder = finderOf(request, parsed, { ...around, own })
  const page = await timed(async () =>
    parsed.summary === 'count' ? nothing : finder.page(paging.place),
  )
  // All pages tell what the first one did: they show what was there then.
  const counted = await timed(
    async () =>
      paging.total ??
      (await totalOf(parsed, page.value, { maxTotal: parts.maxTotal, count: finder.count })),
  )
  const total = counted.value
  const isCounted = page.value.total !== undefined
  const pageStep = {
    step: `the page with its includes${isCounted ? ' and the total' : ''}`,
    most: parsed.query.count,
    rows: page.value.matches.length + page.value.included.length,
    ms: page.ms,
  }
  const steps = [
    ...(parsed.summary === 'count' ? [] : [pageStep]),
    ...(isCounted || !total ? [] : [{ step: 'the total', rows: total.count, ms: counted.ms }]),
  ]
  const json = printListing({
    type: 'searchset',
    ...(total ? { total: total.count } : {}),
    links: paging.linksFrom(page.value, total),
    entries: entriesOf(request, parsed, page.value, {
      warnings: [...(await finder.warnings(page.value)), ...(total ? warningOf(total) : [])],
      explained: parsed.explain ? await explain(finder.query(paging.place), steps, around) : [],
    }),
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

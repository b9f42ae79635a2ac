/** https://hl7.org/fhir/R4/http.html#search */
import { printJson } from '../../resources/json.ts'
import { type ParsedSearch, parseSearch } from '../../resources/search/parse.ts'
import type { Page, Version } from '../../resources/store.ts'
import type { Interaction } from '../interactions.ts'
import { type Listed, linksOf, printListing } from '../listing.ts'
import { preferOf } from '../prefer.ts'
import type { FhirRequest } from '../request.ts'
import { reduce, type Subset } from '../summary.ts'

export const search: Interaction = async (request, context, parts) => {
  const type = request.path[0]?.startsWith('_') ? undefined : request.path[0]
  const parsed = await parseSearch(type, request.query, {
    strict: preferOf(request).handling !== 'lenient',
    defaultCount: parts.defaultPage,
    maxCount: parts.maxPage,
    base: request.base,
    now: context.now(),
    context,
    terminology: parts.terminology,
    parameters: await parts.parameters.fresh(context),
  })
  const page: Page =
    parsed.summary === 'count'
      ? { versions: [] }
      : await parts.repository.search(context, parsed.query)
  const total = await totalOf(parsed, page, () => parts.repository.count(context, parsed.query))
  const json = printListing({
    type: 'searchset',
    ...(total === undefined ? {} : { total }),
    links: linksOf(request, parsed.used, page.next),
    entries: [
      ...page.versions.map(version => listed(version, request, subsetOf(parsed))),
      ...warned(parsed),
    ],
  })
  return { status: 200, headers: {}, json }
}

/** Counted where it was asked for; said where the only page tells it. An estimate is exact here. */
async function totalOf(
  { summary, total, query }: ParsedSearch,
  page: Page,
  count: () => Promise<number>,
): Promise<number | undefined> {
  if (summary === 'count') return count()
  if (total === 'none') return undefined
  if (query.after === undefined && !page.next) return page.versions.length
  return total === undefined ? undefined : count()
}

function subsetOf({ summary, elements }: ParsedSearch): Subset | undefined {
  if (elements) return { elements }
  return summary === 'true' || summary === 'text' || summary === 'data' ? { summary } : undefined
}

function listed(version: Version, request: FhirRequest, subset: Subset | undefined): Listed {
  const { type, id, json = '' } = version
  return {
    fullUrl: `${request.base}/${type}/${id}`,
    json: subset ? printJson(reduce(json, subset)) : json,
    rest: { search: { mode: 'match' } },
  }
}

/** What a lenient search passed over. */
function warned({ warnings }: ParsedSearch): Listed[] {
  if (warnings.length === 0) return []
  const outcome = { resourceType: 'OperationOutcome', issue: warnings }
  return [{ json: printJson(outcome), rest: { search: { mode: 'outcome' } } }]
}

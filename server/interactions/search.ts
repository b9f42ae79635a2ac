/** https://hl7.org/fhir/R4/http.html#search */
import { issue } from '../../resources/error.ts'
import { printJson } from '../../resources/json.ts'
import { type ParsedSearch, parseSearch } from '../../resources/search/parse.ts'
import type { Version } from '../../resources/store.ts'
import type { Interaction } from '../interactions.ts'
import { type Listed, linksOf, printListing } from '../listing.ts'
import { preferOf } from '../prefer.ts'
import type { FhirRequest } from '../request.ts'
import { reduce, type Subset } from '../summary.ts'

export const search: Interaction = async (request, context, parts) => {
  const type = request.path[0]?.startsWith('_') ? undefined : request.path[0]
  const parsed = parseSearch(type, request.query, {
    strict: preferOf(request).handling !== 'lenient',
    defaultCount: parts.defaultPage,
    maxCount: parts.maxPage,
    base: request.base,
    now: context.now(),
  })
  const countOnly = parsed.summary === 'count'
  const total =
    countOnly || parsed.total === 'accurate'
      ? await parts.repository.count(context, parsed.query)
      : undefined
  const page = countOnly ? { versions: [] } : await parts.repository.search(context, parsed.query)
  const entries = [
    ...page.versions.map(version => listed(version, request, subsetOf(parsed))),
    ...warned(parsed),
  ]
  const next = 'next' in page ? page.next : undefined
  const json = printListing({
    type: 'searchset',
    ...(total === undefined ? {} : { total }),
    links: linksOf(request, parsed.used, next),
    entries,
  })
  return { status: 200, headers: {}, json }
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
  const outcome = {
    resourceType: 'OperationOutcome',
    issue: warnings.length ? warnings : [issue('informational', 'nothing to say')],
  }
  return [{ json: printJson(outcome), rest: { search: { mode: 'outcome' } } }]
}

/** Which page of a search is asked for, and the links from it. */
import type { Context } from '../../resources/context.ts'
import type { ParsedSearch } from '../../resources/search/parse.ts'
import type { Place, ResultPage } from '../../resources/search/result-page.ts'
import type { Parts } from '../interactions.ts'
import { type Links, linksOf } from '../listing.ts'
import type { FhirRequest } from '../request.ts'
import type { Total } from './page-links.ts'

interface Paging {
  /** Where this page begins; absent: at the beginning. */
  place: Place | undefined
  /** What the first page told; absent: it told none, or this is it. */
  total: Total | undefined
  linksFrom(page: ResultPage, total: Total | undefined): Links
}

/** The links are good for an hour after the first page was asked for. */
export function pagingOf(
  request: FhirRequest,
  { used, page: text }: ParsedSearch,
  { context, parts }: { context: Context; parts: Parts },
): Paging {
  const search = JSON.stringify([
    request.path.filter(step => step !== '_search'),
    used.filter(([name]) => name !== '_page'),
  ])
  const bound = { tenant: context.tenant, caller: '', search }
  const now = context.now()
  const state = text === undefined ? undefined : parts.pageLinks.read(text, bound, now)
  const since = state?.since ?? now
  return {
    place: state?.place,
    total: state?.total,
    linksFrom({ next, previous }, total) {
      const print = (place: Place | undefined) =>
        place && parts.pageLinks.print({ place, since, total }, bound)
      return linksOf(request, used, {
        ...(next || state ? { first: '' } : {}),
        previous: print(previous),
        next: print(next),
      })
    },
  }
}

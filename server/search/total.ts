/** How many a search finds. https://hl7.org/fhir/R4/search.html#total */
import type { Context } from '../../resources/context.ts'
import { type Issue, issue } from '../../resources/error.ts'
import type { ParsedSearch } from '../../resources/search/parse.ts'
import type { ResultPage } from '../../resources/search/result-page.ts'
import type { Parts } from '../interactions.ts'

interface Total {
  total?: number
  warning?: Issue
}

interface Counting {
  context: Context
  parts: Parts
  /** What the search finds, up to a number. */
  count(atMost?: number): Promise<number>
}

/**
 * Whoever asks for the number alone gets it exactly. Beside a page it is counted up to a limit, and there said to be more.
 * Unasked it is told where it costs nothing.
 */
export async function totalOf(
  { summary, total, query, contained }: ParsedSearch,
  page: ResultPage,
  { context, parts, count }: Counting,
): Promise<Total> {
  const { repository, maxTotal } = parts
  if (summary === 'count') return { total: await count() }
  if (total === 'none') return {}
  if (query.after === undefined && !page.next) return { total: page.matches.length }
  // The store knows how many there are of a type.
  const free = !contained && query.where.length === 0 && query.types !== undefined
  if (free) return { total: await repository.count(context, query) }
  if (total === undefined) return {}
  const found = await count(maxTotal + 1)
  return found <= maxTotal ? { total: found } : { total: maxTotal, warning: more(maxTotal) }
}

const more = (limit: number): Issue =>
  issue(
    'informational',
    `there are more than ${limit}: total is an estimate, counted so far and no further; _summary=count counts them all`,
    undefined,
    'warning',
  )

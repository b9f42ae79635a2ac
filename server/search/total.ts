/** How many a search finds. https://hl7.org/fhir/R4/search.html#total */
import type { Context } from '../../resources/context.ts'
import { type Issue, issue } from '../../resources/error.ts'
import type { ParsedSearch } from '../../resources/search/parse.ts'
import type { ResultPage } from '../../resources/search/result-page.ts'
import type { Parts } from '../interactions.ts'
import type { Total } from './page-links.ts'

interface Counting {
  context: Context
  parts: Parts
  /** What the search finds, up to a number. */
  count(atMost?: number): Promise<number>
}

/**
 * Whoever asks for the number alone gets it exactly. Beside a page it is counted up to a limit, and there said to be more.
 * Unasked it is told where it costs nothing. Absent: nobody asked.
 */
export async function totalOf(
  { summary, total, query, contained }: ParsedSearch,
  page: ResultPage,
  { context, parts, count }: Counting,
): Promise<Total | undefined> {
  const { repository, maxTotal } = parts
  const exactly = (count: number): Total => ({ count, more: false })
  if (summary === 'count') return exactly(await count())
  if (total === 'none') return undefined
  if (query.after === undefined && !page.next) return exactly(page.matches.length)
  // The store knows how many there are of a type.
  const free = !contained && query.where.length === 0 && query.types !== undefined
  if (free) return exactly(await repository.count(context, query))
  if (total === undefined) return undefined
  const found = await count(maxTotal + 1)
  return found <= maxTotal ? exactly(found) : { count: maxTotal, more: true }
}

export const warningOf = ({ count, more }: Total): Issue[] =>
  more
    ? [
        issue(
          'informational',
          `there are more than ${count}: total is an estimate, counted so far and no further; _summary=count counts them all`,
          undefined,
          'warning',
        ),
      ]
    : []

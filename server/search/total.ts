/** How many a search finds. https://hl7.org/fhir/R4/search.html#total */
import { type Issue, issue } from '../../resources/error.ts'
import type { ParsedSearch } from '../../resources/search/parse.ts'
import type { Query } from '../../resources/search/query.ts'
import type { ResultPage } from '../../resources/search/result-page.ts'
import type { Total } from './page-links.ts'

interface Counting {
  maxTotal: number
  /** What the search finds, up to a number; `stored`: what is known already of what the store finds. */
  count(atMost?: number, stored?: number): Promise<number>
}

/** What the store is asked to count with the first page, so that both are as of one instant: absent where it is not. */
export function totalWith(
  { total, query, contained }: ParsedSearch,
  maxTotal: number,
): Query['total'] {
  if (total === 'none') return undefined
  // The store knows how many there are of a type.
  if (!contained && query.where.length === 0 && query.types !== undefined) return {}
  return total === undefined ? undefined : { atMost: maxTotal + 1 }
}

/**
 * Whoever asks for the number alone gets it exactly. Beside a page it is counted up to a limit, and there said to be more.
 * Unasked it is told where it costs nothing. Absent: nobody asked.
 */
export async function totalOf(
  parsed: ParsedSearch,
  page: ResultPage,
  { maxTotal, count }: Counting,
): Promise<Total | undefined> {
  const { summary, total, query } = parsed
  const exactly = (count: number): Total => ({ count, more: false })
  if (summary === 'count') return exactly(await count())
  if (total === 'none') return undefined
  if (query.after === undefined && !page.next) return exactly(page.matches.length)
  const asked = totalWith(parsed, maxTotal)
  if (!asked) return undefined
  const { atMost } = asked
  const found = await count(atMost, page.total)
  return atMost === undefined || found < atMost ? exactly(found) : { count: maxTotal, more: true }
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

/** What a search finds: pages, and how many there are. */
import { setImmediate as turn } from 'node:timers/promises'
import type { Context } from '../../resources/context.ts'
import { FhirError, type Issue, timedOut } from '../../resources/error.ts'
import type { Known } from '../../resources/parameters.ts'
import { containersOf } from '../../resources/search/contained/containers.ts'
import type { ContainerReach } from '../../resources/search/contained/reach.ts'
import { countContained, findContained } from '../../resources/search/contained.ts'
import type { Reach } from '../../resources/search/included.ts'
import type { ParsedSearch } from '../../resources/search/parse.ts'
import type { Query } from '../../resources/search/query.ts'
import {
  findStored,
  type Place,
  type ResultPage,
  resultPage,
} from '../../resources/search/result-page.ts'
import type { Parts } from '../interactions.ts'
import type { FhirRequest } from '../request.ts'
import { earlierVersions } from './earlier.ts'
import { totalWith } from './total.ts'

interface Finder {
  page(place?: Place): Promise<ResultPage>
  /** Counts up to `atMost`; all, where it is absent. `stored`: what a page told of what the store finds. */
  count(atMost?: number, stored?: number): Promise<number>
  /** What the store is asked for a page. */
  query(place?: Place): Query
  /** What is to be said of a page. */
  warnings(page: ResultPage): Promise<Issue[]>
}

interface Around {
  context: Context
  parts: Parts
  own: Known
}

export function finderOf(request: FhirRequest, parsed: ParsedSearch, around: Around): Finder {
  const { context, parts } = around
  const reach = reachOf(request, around)
  const { includes, query } = parsed
  const total = totalWith(parsed, parts.maxTotal)
  const stored = findStored({ ...queryAt(query), ...(total ? { total } : {}) }, reach)
  const containers = containersReach(around)
  const find = parsed.contained ? findContained(parsed, containers, stored) : stored
  return {
    page: place => resultPage({ find, count: query.count, includes, reach }, place),
    async count(atMost, stored) {
      const { contained } = parsed
      const ask = () => parts.repository.count(context, query, atMost)
      const alone = contained === 'true' ? 0 : (stored ?? (await ask()))
      if (!contained || (atMost !== undefined && alone >= atMost)) return alone
      const left = atMost === undefined ? undefined : atMost - alone
      return alone + (await countContained(parsed, containers, left))
    },
    query: place =>
      parsed.contained === 'true' || place?.contained
        ? queryAt(containersOf(parsed), place?.contained)
        : queryAt(parsed.query, place),
    warnings: ({ matches }) => earlierVersions(parsed, matches, reach),
  }
}

/** The store knows its own place only; that of the link holds more. */
function queryAt({ after: _, ...query }: Query, place?: { after?: string }): Query {
  return { ...query, ...(place?.after === undefined ? {} : { after: place.after }) }
}

const reachOf = ({ base }: FhirRequest, { context, parts, own }: Around): Reach => ({
  search: query => parts.repository.search(context, query),
  read: (type, id, number) =>
    parts.repository.read(context, type, id, number).catch((error: unknown) => {
      if (error instanceof FhirError && (error.status === 404 || error.status === 410))
        return undefined
      throw error
    }),
  base,
  limit: parts.maxIncludes,
  own,
})

/** The time begins now. */
function containersReach({ context, parts, own }: Around): ContainerReach {
  const { repository, extract, searchTime } = parts
  const began = performance.now()
  const isLate = () => performance.now() - began > searchTime
  return {
    search: query => repository.search(context, query),
    read: (type, id, number) => repository.read(context, type, id, number),
    extract: (resource, container) => own.complete(resource, extract(resource, container)),
    isLate,
    async pause() {
      await turn()
      if (isLate()) throw timedOut(late, 5)
    },
  }
}

const late =
  'who refers to what is contained takes too long to find: narrow the search by more parameters'

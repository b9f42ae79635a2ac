import type { Store } from '../../resources/store.ts'
import { countTold } from './count.ts'
import { explain } from './explain.ts'
import type { Parts } from './parts.ts'
import { searchPage } from './search.ts'

type Searching = Pick<Store, 'search' | 'count' | 'explain'>

/** What finds resources; each takes a place of its own among the searches. */
export const createSearching = ({ search }: Pick<Parts, 'search'>): Searching => ({
  search: (tenant, query, asking) => search(from => searchPage(from, tenant, query), asking),
  count: (tenant, query, { atMost, ...asking } = {}) =>
    search(from => countTold(from, tenant, query, atMost), asking),
  explain: (tenant, query, asking) => search(from => explain(from, tenant, query), asking),
})

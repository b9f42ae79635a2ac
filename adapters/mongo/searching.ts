import type { Store } from '../../resources/store.ts'
import { countTold } from './count.ts'
import { explain } from './explain.ts'
import type { Parts } from './parts.ts'
import { searchPage } from './search.ts'

type Searching = Pick<Store, 'search' | 'count' | 'explain'>

/** What finds resources; each takes a place of its own among the searches. */
export const createSearching = ({ search }: Pick<Parts, 'search'>): Searching => ({
  search: (tenant, query, signal) => search(from => searchPage(from, tenant, query), signal),
  count: (tenant, query, { atMost, signal } = {}) =>
    search(from => countTold(from, tenant, query, atMost), signal),
  explain: (tenant, query) => search(from => explain(from, tenant, query)),
})

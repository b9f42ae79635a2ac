/** What a query finds. */
import { unsupported } from '../../resources/error.ts'
import type { Query } from '../../resources/search/query.ts'
import type { Page, Step, Tenant } from '../../resources/store.ts'
import type { Source } from './source.ts'

const notYet = () => unsupported('searching is not supported on this store yet')

export async function searchPage(_: Source, __: Tenant, ___: Query): Promise<Page> {
  throw notYet()
}
export async function searchIds(_: Source, __: Tenant, ___: Query): Promise<string[]> {
  throw notYet()
}
export async function countHits(_: Source, __: Tenant, ___: Query, ____?: number): Promise<number> {
  throw notYet()
}
export async function explainHits(_: Source, __: Tenant, ___: Query): Promise<Step[]> {
  throw notYet()
}

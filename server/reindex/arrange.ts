/** Compares what is wanted with the states of the indexes, and writes down what is to be done. */
import {
  baseId,
  type IndexState,
  type Known,
  type StoredIndex,
} from '../../resources/parameters.ts'
import { typesOf } from '../../resources/search/own.ts'
import { ownRows } from '../../resources/search.ts'
import type { Tenant } from '../../resources/store.ts'
import { type ReindexParts, saveState } from './job.ts'

/** Whether the index of all that R4 has is that of another version of the program, or of another zone. */
export const isOther = ({ base }: Known, { extractor }: ReindexParts): boolean =>
  base?.state.extractor !== extractor

/** Makes an index for each parameter that has none, and marks those to be removed that no parameter has. */
export async function arrange(tenant: Tenant, known: Known, parts: ReindexParts): Promise<boolean> {
  const space = parts.parameters.space(tenant)
  const totals = known.wanted.length > 0 ? await parts.store.totals(tenant) : {}
  const since = parts.now()
  for (const { facts, seq } of known.wanted) {
    const state: IndexState = {
      resourceType: 'index',
      id: String(seq),
      facts,
      rows: ownRows(facts.code, seq),
      state: 'building',
      since,
      done: 0,
      total: typesOf(facts).reduce((sum, type) => sum + (totals[type] ?? 0), 0),
    }
    await saveState(space, { number: 0, state }, parts)
    parts.log.info(
      { tenant, parameter: facts.code, total: state.total },
      'a search parameter is to be indexed',
    )
  }
  const unwanted = known.indexes.filter(({ state }) => known.unwanted.has(state.id))
  for (const { number, state } of unwanted)
    await saveState(space, { number, state: { ...state, state: 'removing', since } }, parts)
  return known.wanted.length + unwanted.length > 0
}

/** What another version of the program stored is read again; where nothing is stored, there is nothing to do. */
export async function arrangeBase(
  tenant: Tenant,
  base: StoredIndex | undefined,
  parts: ReindexParts,
): Promise<void> {
  const totals = await parts.store.totals(tenant)
  const total = Object.values(totals).reduce((sum, count) => sum + count, 0)
  const state: IndexState = {
    resourceType: 'index',
    id: baseId,
    facts: { id: baseId, code: '*', base: ['Resource'], type: '', expression: '' },
    rows: '*',
    extractor: parts.extractor,
    state: total > 0 ? 'building' : 'ready',
    since: parts.now(),
    done: 0,
    total,
  }
  await saveState(parts.parameters.space(tenant), { number: base?.number ?? 0, state }, parts)
  if (total > 0)
    parts.log.info(
      { tenant, total },
      'what is stored is to be indexed anew: another version of the program stored it, or one with another TIME_ZONE or BASE_URL',
    )
}

/** Amounts are looked for in the units that values are in, which are kept once each. */
import { asksUnits, inUnits } from '../../../resources/search/amount.ts'
import type { Predicate, Query } from '../../../resources/search/query.ts'
import { ucum } from '../../../resources/search/ucum.ts'
import type { Tenant } from '../../../resources/store.ts'
import { limitsOf, type Source } from '../source.ts'

/** What a query asks for, by the units that there are. */
export async function whereOf(
  { where }: Pick<Query, 'where'>,
  source: Source,
  tenant: Tenant,
): Promise<Predicate[]> {
  if (!where.some(asksUnits)) return where
  const units = await source.names.get(`${tenant} ${ucum}`, async () => {
    const found = await source.collections.unit
      .find({ t: tenant, system: ucum }, limitsOf(source))
      .project<{ unit: string }>({ unit: 1 })
      .toArray()
    return found.map(({ unit }) => unit).sort()
  })
  return inUnits(where, units)
}

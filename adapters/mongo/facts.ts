/** What is asked of a type or a system as a whole. */
import type { Collection, FindOptions } from 'mongodb'
import type { Tenant } from '../../resources/store.ts'
import { byEntry, byTime, byTypeTime } from './collections.ts'
import type { Stored } from './document.ts'
import { limitsOf, type Source } from './source.ts'
import { allOf } from './values.ts'

/** The number of the last change, to a type or at all; 0 where there was none. From the index alone. */
export async function newestOf(
  resource: Collection<Stored>,
  tenant: Tenant,
  type?: string,
  limits: FindOptions = { maxTimeMS },
): Promise<number> {
  const [last] = await resource
    .find<{ s: number }>(type === undefined ? { t: tenant } : { t: tenant, ty: type }, {
      ...limits,
      projection: { _id: 0, s: 1 },
      sort: { at: -1, s: -1 },
      hint: type === undefined ? byTime : byTypeTime,
      limit: 1,
    })
    .toArray()
  return last?.s ?? 0
}

/** It is asked for in passing, and answered by one key. */
const maxTimeMS = 5000

export interface Facts {
  newest(tenant: Tenant, types: string[]): Promise<number>
  totals(tenant: Tenant, source: Source): Promise<Record<string, number>>
}

export function createFacts(resource: Collection<Stored>): Facts {
  /** Asked for once in a turn. */
  const asked = new Map<string, Promise<number>>()
  /** Of each type, as of its last change. */
  const counted = new Map<string, { newest: number; count: number }>()

  const newest = (tenant: Tenant, type?: string): Promise<number> => {
    const key = `${tenant}/${type ?? ''}`
    let answer = asked.get(key)
    if (!answer) {
      if (asked.size === 0) setImmediate(() => asked.clear())
      answer = newestOf(resource, tenant, type)
      asked.set(key, answer)
    }
    return answer
  }

  async function total(tenant: Tenant, type: string, source: Source): Promise<number> {
    const key = `${tenant}/${type}`
    const last = await newestOf(resource, tenant, type)
    const known = counted.get(key)
    if (known?.newest === last) return known.count
    const count = await resource.countDocuments(
      { t: tenant, x: allOf(type) },
      { ...limitsOf(source), hint: byEntry },
    )
    counted.set(key, { newest: last, count })
    return count
  }

  return {
    newest: async (tenant, types) =>
      Math.max(0, ...(await Promise.all(types.map(type => newest(tenant, type))))),
    async totals(tenant, source) {
      const types = await typesOf(resource, tenant, source)
      const counts = await Promise.all(types.map(type => total(tenant, type, source)))
      const pairs = types.map((type, index): [string, number] => [type, counts[index] ?? 0])
      return Object.fromEntries(pairs.filter(([, count]) => count > 0))
    },
  }
}

/** One key of the index each. */
async function typesOf(
  resource: Collection<Stored>,
  tenant: Tenant,
  source: Source,
): Promise<string[]> {
  const found = await resource
    .aggregate<{ _id: string }>(
      [
        { $match: { t: tenant } },
        { $sort: { t: 1, ty: 1, at: 1, s: 1 } },
        { $group: { _id: '$ty', first: { $first: '$s' } } },
      ],
      { ...limitsOf(source), hint: byTypeTime },
    )
    .toArray()
  return found.map(({ _id }) => _id).sort()
}

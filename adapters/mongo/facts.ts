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

/** It is asked for in passing, and answered by a few keys. */
const maxTimeMS = 5000

/** So many changes are told of: what came to sight after one with a greater number shows among them. */
const told = 32

/** The numbers of the last changes to a type. From the index alone. */
async function lastOf(resource: Collection<Stored>, tenant: Tenant, type: string): Promise<string> {
  const found = await resource
    .find<{ s: number }>(
      { t: tenant, ty: type },
      {
        ...{ maxTimeMS, limit: told, hint: byTypeTime },
        ...{ sort: { at: -1, s: -1 }, projection: { _id: 0, s: 1 } },
      },
    )
    .toArray()
  return found.map(({ s }) => s.toString(36)).join(' ')
}

export interface Facts {
  lastChanges(tenant: Tenant, types: string[]): Promise<string>
  totals(tenant: Tenant, source: Source): Promise<Record<string, number>>
}

export function createFacts(resource: Collection<Stored>): Facts {
  /** Asked for once in a turn. */
  const asked = new Map<string, Promise<string>>()
  /** Of each type, as of its last changes. */
  const counted = new Map<string, { changes: string; count: number }>()

  const changes = (tenant: Tenant, type: string): Promise<string> => {
    const key = `${tenant}/${type}`
    let answer = asked.get(key)
    if (!answer) {
      if (asked.size === 0) setImmediate(() => asked.clear())
      answer = lastOf(resource, tenant, type)
      asked.set(key, answer)
    }
    return answer
  }

  async function total(tenant: Tenant, type: string, source: Source): Promise<number> {
    const key = `${tenant}/${type}`
    const last = await lastOf(resource, tenant, type)
    const known = counted.get(key)
    if (known?.changes === last) return known.count
    const count = await resource.countDocuments(
      { t: tenant, x: allOf(type) },
      { ...limitsOf(source), hint: byEntry },
    )
    counted.set(key, { changes: last, count })
    return count
  }

  return {
    async lastChanges(tenant, types) {
      const each = await Promise.all(types.map(type => changes(tenant, type)))
      return each.some(one => one !== '') ? each.join(',') : ''
    },
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

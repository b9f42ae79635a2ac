/**
 * What a chain leads to stays the same until something of its type is written. It is kept for those who ask again, while
 * nobody else writes: commits of several processes may come to sight in another order than that of their numbers.
 */
import { isOwn } from '../../../resources/search/query.ts'
import { newestOf } from '../facts.ts'
import type { Slot } from '../slot.ts'
import { limitsOf } from '../source.ts'
import type { Node } from './nodes.ts'
import type { Scope } from './scope.ts'

export interface Found {
  /** What is found of the types of a scope by what is asked. */
  get(asked: Asked, scope: Scope, find: () => Promise<string[]>): Promise<string[]>
  /** What resources are found by has changed without a version. */
  forget(): void
}

interface Asked {
  where: Node[]
  names?: string
}

/** So many are remembered, the last ones; a longer question is a rare one. */
const most = 64
const longest = 4000

export function createFound(slot: Pick<Slot, 'aloneSince'>): Found {
  const known = new Map<string, { stand: string; found: string[] }>()
  let changes = 0

  /** Another as soon as a version of the types is written; absent: there is no telling. */
  async function standOf({ source, tenant, types }: Scope): Promise<string | undefined> {
    const since = slot.aloneSince()
    if (since === undefined) return undefined
    const newest: number[] = []
    for (const type of types)
      newest.push(await newestOf(source.collections.resource, tenant, type, limitsOf(source)))
    return [since, changes, ...newest].join(' ')
  }

  return {
    async get({ where, names }, scope, find) {
      // As of the instant that the search reads.
      if (!scope.source.session || scope.past || !where.every(isOwn)) return find()
      const key = JSON.stringify([scope.tenant, scope.types, where, names])
      if (key.length > longest) return find()
      const stand = await standOf(scope)
      const one = known.get(key)
      if (one && one.stand === stand) return one.found
      const found = await find()
      known.delete(key)
      if (stand !== undefined) known.set(key, { stand, found })
      for (const oldest of known.keys()) {
        if (known.size <= most) break
        known.delete(oldest)
      }
      return found
    },
    forget() {
      changes++
    },
  }
}

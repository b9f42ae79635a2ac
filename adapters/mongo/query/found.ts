/**
 * What a chain leads to stays the same until something of its type is written. It is kept for those who ask again, while
 * nobody else writes: commits of several processes may come to sight in another order than that of their numbers.
 */
import { isOwn } from '../../../resources/search/query.ts'
import { newestOf } from '../facts.ts'
import type { Order } from '../order.ts'
import type { Slot } from '../slot.ts'
import { limitsOf } from '../source.ts'
import type { Node } from './nodes.ts'
import type { Scope } from './scope.ts'

export interface Found {
  /** What is found of the types of a scope by what is asked. */
  get(asked: Asked, scope: Scope, find: () => Promise<string[]>): Promise<string[]>
}

export interface KnownFound {
  /** Before the instant that a search reads as of. */
  begin(): Found
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

export function createFound(
  slot: Pick<Slot, 'aloneSince'>,
  order: Pick<Order, 'follows'>,
): KnownFound {
  const known = new Map<string, { stand: string; found: string[] }>()
  let changes = 0

  function keep(key: string, stand: string, found: string[]): void {
    known.delete(key)
    known.set(key, { stand, found })
    for (const oldest of known.keys()) {
      if (known.size <= most) return
      known.delete(oldest)
    }
  }

  return {
    begin() {
      const since = slot.aloneSince()
      const before = changes
      /** Another as soon as a version of the types is written; absent: there is no telling. */
      const standOf = async ({ source, tenant, types }: Scope): Promise<string | undefined> => {
        const newest: number[] = []
        for (const type of types)
          newest.push(await newestOf(source.collections.resource, tenant, type, limitsOf(source)))
        return newest.every(order.follows) ? [since, before, ...newest].join(' ') : undefined
      }
      return {
        async get({ where, names }, scope, find) {
          const isOne = scope.source.session !== undefined && !scope.past
          if (since === undefined || !isOne || !where.every(isOwn)) return find()
          const key = JSON.stringify([scope.tenant, scope.types, where, names])
          const stand = key.length > longest ? undefined : await standOf(scope)
          if (stand === undefined) return find()
          const one = known.get(key)
          if (one?.stand === stand) return one.found
          const found = await find()
          keep(key, stand, found)
          return found
        },
      }
    },
    forget() {
      changes++
    },
  }
}

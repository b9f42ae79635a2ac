/** How many there were at the commit number of a page: as many as now, without what came since, with what that replaced. */
import type { Document } from 'mongodb'
import { bySuperseded, byTime } from '../collections.ts'
import { hidden } from './filter.ts'
import { superseded } from './hits.ts'
import type { Node } from './nodes.ts'
import { count, find, type Past, type Scope } from './scope.ts'

/** ms by which the instant of a commit may be before its number says: as long as a write may wait. */
const wait = 20_000

const since = ({ seq }: Past, { tenant: t }: Scope): Document => ({
  t,
  at: { $gte: Math.floor(seq / 1000) - wait },
  s: { $gt: seq },
})

/** Whether anything has been written since that the scope sees. */
export async function isBehind(past: Past, scope: Scope): Promise<boolean> {
  const order = { sort: { at: -1, s: -1 }, limit: 1, projection: { _id: 0, s: 1 } }
  const [newer] = await find(scope, since(past, scope), { hint: byTime, ...order })
  return newer !== undefined
}

/** Without those that the first page has shown as they became. `now`: how many there are, up to a bound. */
export async function countThen(
  all: Node[],
  scope: Scope & { past: Past },
  {
    now,
    atMost = Number.POSITIVE_INFINITY,
  }: { now: (more: number) => Promise<number>; atMost?: number | undefined },
): Promise<number> {
  const current = { n: { $exists: true }, m: { $ne: 'delete' }, ty: { $in: scope.types } }
  const holds = { $and: [{}, ...hidden(all, scope, '')] }
  const came = await count(
    scope,
    { ...since(scope.past, scope), ...current, ...holds },
    { hint: byTime },
  )
  const went = await count(scope, superseded(all, scope), { hint: bySuperseded })
  return Math.min((await now(came)) - came + went, atMost)
}

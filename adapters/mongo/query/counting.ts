/** How many hits there are: told by the index alone where little is asked together. */
import { isOfRows } from '../../../resources/search/query.ts'
import { together } from '../source.ts'
import { answer } from './answer.ts'
import { conditionOf } from './conditions.ts'
import { countDated } from './dated-count.ts'
import { type Driver, everything, hintOf, rangeOf } from './drivers.ts'
import { drivenBy, type Wanted } from './hits.ts'
import { isOpen, type Node } from './nodes.ts'
import { countThen } from './past-count.ts'
import { type Plan, planOf } from './plan.ts'
import { settled } from './relations.ts'
import { count, roughly, type Scope } from './scope.ts'
import { withSystems } from './systems.ts'

/** So many at the other end of a relation are found first: in no order, many entries cost no more than few. */
const mostRelated = 50_000

/** Reading so many versions costs less than counting all of two large sets. */
const few = 20_000

/** Counts up to a bound; of the past, without those that the first page has shown as they became after it. */
export async function countAll(asked: Node[], scope: Scope, atMost?: number): Promise<number> {
  const where = await withSystems(asked, scope)
  const nodes = await settled(where, scope, mostRelated)
  const plan = await planOf(nodes, scope, { mustKnow: () => false })
  if (scope.types.length === 0 || plan.driver?.any.length === 0) return 0
  if (plan.all.some(isOpen)) return countOpen(nodes, scope, atMost)
  const { past, ...present } = scope
  if (!past) return countPlan(plan, scope, atMost)
  const now = (more: number) =>
    countPlan(plan, present, atMost === undefined ? undefined : atMost + more)
  return countThen(plan.all, { ...present, past }, { now, atMost })
}

async function countPlan(plan: Plan, scope: Scope, atMost?: number): Promise<number> {
  if (atMost === undefined || atMost > few) {
    const sets = setsOf(plan, scope)
    const found = sets ? await countSets(sets, scope) : await countDated(plan, scope, few)
    if (found !== undefined) return Math.min(found, atMost ?? found)
  }
  const driver = plan.driver ?? everything(scope)
  return count(scope, drivenBy({ driver, rest: plan.rest }, scope), {
    hint: hintOf(driver),
    ...(atMost === undefined ? {} : { limit: atMost }),
  })
}

type Entries = Driver & { in: 'x' }

/** Those that are in the one, and in the other or not. */
interface Sets {
  /** Absent: all there is. */
  one?: Entries
  other: Entries
  isIn: boolean
}

function setsOf({ rest, all, driver }: Plan, scope: Scope): Sets | undefined {
  if (all.length > 2 || (driver && rest.length === 0)) return undefined
  const [first, second] = all.toSorted(
    (a, b) => Number(a.kind === 'not') - Number(b.kind === 'not'),
  )
  const last = second ?? first
  const isIn = last?.kind !== 'not'
  if (!first || !last || (isIn && !second)) return undefined
  const [one, other] = [
    second && entriesOf(first, scope),
    entriesOf(last.kind === 'not' ? last.not : last, scope),
  ]
  if (!other || (second && !one)) return undefined
  return { other, isIn, ...(one ? { one } : {}) }
}

/** What all those have of whom it holds, and no others. */
function entriesOf(node: Node, scope: Scope): Entries | undefined {
  const nodes = node.kind === 'or' ? node.any : [node]
  const conditions = nodes.map(each =>
    isOfRows(each) && each.kind !== 'label' ? conditionOf(each, scope.types) : undefined,
  )
  const any = conditions.flatMap(each => (each?.in === 'x' ? each.any : []))
  const isAll =
    conditions.every(each => each?.in === 'x') && any.every(each => typeof each === 'string')
  return isAll ? { covers: [], in: 'x', any } : undefined
}

/** |A and B| is |A| + |B| less |A or B|, and |A and not B| is |A or B| less |B|: the index tells each without a document. */
async function countSets({ one, other, isIn }: Sets, scope: Scope): Promise<number | undefined> {
  const some = [one, isIn ? other : undefined].filter(set => set !== undefined)
  for (const set of some) {
    const range = rangeOf(set, scope)
    if ((await roughly(scope, range, { hint: hintOf(set), limit: few })) < few) return undefined
  }
  const all: Entries = one
    ? { covers: [], in: 'x', any: [...one.any, ...other.any] }
    : everything(scope)
  return together(scope.source, async source => {
    const then = { ...scope, source }
    const either = await sizeOf(all, then)
    const others = await sizeOf(other, then)
    return one && isIn ? (await sizeOf(one, then)) + others - either : either - others
  })
}

const sizeOf = (driver: Driver, scope: Scope): Promise<number> =>
  count(scope, rangeOf(driver, scope), { hint: hintOf(driver) })

/** What asks for others, where they are many, is told candidate by candidate. */
async function countOpen(
  where: Node[],
  scope: Scope,
  atMost = Number.POSITIVE_INFINITY,
): Promise<number> {
  const wanted: Wanted = {
    keys: [{ by: 'date', descending: true }],
    back: false,
    after: undefined,
    count: Math.min(1000, atMost),
    bodies: false,
  }
  let hits = 0
  for (;;) {
    const found = await answer(where, wanted, scope)
    hits += found.hits.length
    wanted.after = found.hits.at(-1)
    if (hits >= atMost || found.hits.length < wanted.count) return Math.min(hits, atMost)
  }
}

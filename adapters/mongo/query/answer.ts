/** The first hits of a query: relations first, then in the order of the keys, batch by batch where they stay open. */
import type { Position } from '../../../resources/search/order.ts'
import type { Predicate, Sort } from '../../../resources/search/query.ts'
import { mainDateOf } from '../../../resources/search.ts'
import { type Driver, isOrdered } from './drivers.ts'
import type { Hit, Wanted } from './hits.ts'
import { isOpen, type Node } from './nodes.ts'
import { type Plan, planOf } from './plan.ts'
import { holding, settled } from './relations.ts'
import type { Scope } from './scope.ts'
import { withSystems } from './systems.ts'
import { nameOf, telling } from './telling.ts'
import { firstHits, type Way } from './ways.ts'

export interface Answer {
  hits: Hit[]
  plan: Plan
  way?: Way | undefined
}

type ByValue = Extract<Sort, { by: 'value' }>

export async function answer(where: Node[], wanted: Wanted, scope: Scope): Promise<Answer> {
  const [first] = wanted.keys
  if (first?.by === 'value' && isMainDate(first, wanted.keys.slice(1), scope))
    return byMainDate(where, first, wanted, scope)
  const nodes = await settled(await withSystems(where, scope), scope)
  const isOne = wanted.keys.length === 1 && first?.by !== 'value'
  const ordered = isOne && first?.by === 'date'
  const mustKnow = (only: Driver) => isOne && !(ordered && isOrdered(only))
  const plan = await telling(
    scope,
    () => planOf(nodes, scope, { mustKnow, ordered }),
    ({ size }) => ({ step: 'plan', estimate: size, rows: 0 }),
  )
  return answerBy(plan, wanted, scope)
}

/** More candidates than this are not looked at together. */
const most = 1000

async function answerBy(plan: Plan, wanted: Wanted, scope: Scope): Promise<Answer> {
  const open = plan.rest.filter(isOpen)
  if (open.length === 0) return { plan, ...(await firstHits(plan, wanted, scope)) }
  const closed: Plan = {
    ...plan,
    rest: plan.rest.filter(node => !isOpen(node)),
    all: plan.all.filter(node => !isOpen(node)),
  }
  const hits: Hit[] = []
  let { after } = wanted
  let looked = 0
  for (let size = wanted.count; ; size = next(wanted.count - hits.length, hits.length / looked)) {
    const found = await firstHits(closed, { ...wanted, after, count: size, bodies: false }, scope)
    const versions = found.hits.map(({ version }) => version)
    const held = await telling(
      scope,
      () => holding(open, versions, scope),
      ({ length }) => ({
        step: `probe ${open.map(nameOf).join(' and ')}`,
        ...{ estimate: versions.length, rows: length },
      }),
    )
    const kept = new Set(held)
    hits.push(...found.hits.filter(({ version }) => kept.has(version)))
    after = found.hits.at(-1)
    looked += versions.length
    if (hits.length >= wanted.count || found.hits.length < size || !after)
      return { plan, way: found.way, hits: hits.slice(0, wanted.count) }
  }
}

/** So many candidates have the hits that are missing, most likely. */
const next = (missing: number, share: number): number =>
  Math.min(most, Math.ceil((missing * 1.5) / Math.max(share, 0.001)) + 5)

/** By the main date versions are in order as they stand. */
function isMainDate({ kind, params, descending }: ByValue, more: Sort[], scope: Scope): boolean {
  const [type, ...types] = scope.types
  const [then, ...others] = more
  if (kind !== 'date' || params.length > 1 || type === undefined) return false
  if (types.length || others.length) return false
  return then?.by === 'date' && then.descending === descending && mainDateOf(type) === params[0]
}

/** Those that have one, then the others by the time they were made. */
async function byMainDate(
  where: Node[],
  { params: [param = ''] }: ByValue,
  wanted: Wanted,
  scope: Scope,
): Promise<Answer> {
  const { keys, back, after, count } = wanted
  const dated: Predicate = { kind: 'date', param }
  const phase = async (has: boolean, left: number): Promise<Answer> => {
    const isHere = after && (after.keys[0] !== null) === has
    const place: Position | undefined = isHere
      ? { rid: after.rid, keys: after.keys.slice(1) }
      : undefined
    const asked: Node[] = [...where, has ? dated : { kind: 'not', not: dated }]
    const found = await answer(
      asked,
      { ...wanted, keys: keys.slice(1), after: place, count: left },
      scope,
    )
    const hits = found.hits.map(hit => ({
      ...hit,
      keys: [has ? (hit.keys[0] ?? null) : null, ...hit.keys],
    }))
    return { ...found, hits }
  }
  // Back from the last page those without one come first.
  const isPast = after !== undefined && (after.keys[0] === null) !== back
  const one = isPast ? undefined : await phase(!back, count)
  if (one && one.hits.length >= count) return one
  const two = await phase(back, count - (one?.hits.length ?? 0))
  return one ? { ...one, hits: [...one.hits, ...two.hits] } : two
}

/** How a search is answered, for operators: names, indexes, numbers and times, never a value. */
import type { Query } from '../../resources/search/query.ts'
import type { Step, Tenant } from '../../resources/store.ts'
import { countHits } from './count.ts'
import { isTimeLimit } from './errors.ts'
import { scopeOf } from './query/begin.ts'
import { type Driver, everything, hintOf } from './query/drivers.ts'
import { hidden } from './query/filter.ts'
import { drivenBy } from './query/hits.ts'
import { isOpen, type Node } from './query/nodes.ts'
import type { Plan } from './query/plan.ts'
import { aggregate, type Scope, counted as taken } from './query/scope.ts'
import { covered, nameOf, since, tableOf } from './query/telling.ts'
import type { Way } from './query/ways.ts'
import { foundPage } from './search.ts'
import type { Source } from './source.ts'

/** So far hits are counted, and rows of a condition: that shows whether it is narrow. */
const most = { hits: 100_000, rows: 10_000 }

/** The search as it is done, step by step; then what is in each condition, as far as there is time left. */
export async function explain(source: Source, tenant: Tenant, query: Query): Promise<Step[]> {
  const done: Step[] = []
  const { page, found } = await foundPage(source, tenant, query, step => done.push(step))
  const { plan, way } = found
  const scope = await scopeOf(source, tenant, query)
  const hits = await counting(scope, then => countHits(then.source, tenant, query, most.hits))
  const rows = Math.max(hits.rows, page.versions.length)
  const whole = plan.driver ? taken : await wholeOf(scope)
  const [planned, ...steps] = summed(done).map(step =>
    step.table ? step : { ...step, estimate: Math.min(step.estimate, whole) },
  )
  const { estimate = 0, ms = 0 } = planned ?? {}
  return [
    { step: 'plan', estimate, rows, ms },
    ...(await conditions(plan, scope)),
    ...steps,
    ...(way ? await probes(way, plan, scope) : []),
    {
      step: `${rows < most.hits ? 'count all' : `count up to ${most.hits}`}${hits.end}`,
      ...{ estimate, rows, ms: hits.ms },
    },
  ]
}

/** What no condition narrows was taken for many: it is no more than there is. */
async function wholeOf(scope: Scope): Promise<number> {
  const { rows, end } = await counting(scope, then => sizeOf(everything(then), then, taken))
  return end ? taken : rows
}

/** What is done several times is one step. The first is the plan, of what is asked or of the first part of it. */
function summed(done: Step[]): Step[] {
  const steps = new Map<string, Step>()
  const plans = done.filter(({ step }) => step === 'plan')
  for (const each of [...plans, ...done.filter(step => !plans.includes(step))]) {
    const { estimate, rows, ms } = steps.get(each.step) ?? { estimate: 0, rows: 0, ms: 0 }
    steps.set(each.step, {
      ...each,
      estimate: estimate + each.estimate,
      rows: rows + each.rows,
      ms: Math.round((ms + each.ms) * 1000) / 1000,
    })
  }
  return [...steps.values()]
}

/** All that could drive: how much it was taken for, or would have been, and how much there is of it. */
async function conditions({ sizes }: Plan, scope: Scope): Promise<Step[]> {
  const steps: Step[] = []
  for (const { driver, size } of sizes) {
    const { rows, ms, end } = await counting(scope, then => sizeOf(driver, then, most.rows))
    steps.push({
      step: `condition ${covered(driver) || 'of several'}${end}`,
      table: tableOf(driver),
      estimate: size ?? (end ? taken : Math.min(rows, taken)),
      ...{ rows, ms },
    })
  }
  return steps
}

/** What is left to be looked at: how many have it, of the first ones that come by what drives. */
async function probes({ driver, rest }: Way, { sizes }: Plan, scope: Scope): Promise<Step[]> {
  const by = driver ?? everything(scope)
  const closed = rest.filter(node => !isOpen(node))
  if (closed.length === 0) return []
  const looked = await counting(scope, then => sizeOf(by, then, most.rows))
  const steps: Step[] = []
  for (const node of closed) {
    const alone = sizes.find(({ driver: { covers } }) => covers.length === 1 && covers[0] === node)
    const found = await counting(scope, then => sizeOf(by, then, most.rows, [node]))
    steps.push({
      step: `probe ${nameOf(node)} of the first ${looked.rows}${looked.end || found.end}`,
      estimate: Math.min(looked.rows, alone?.size ?? taken),
      rows: found.rows,
      ms: found.ms,
    })
  }
  return steps
}

/** How many have these conditions, of the first that are in its range. */
async function sizeOf(
  driver: Driver,
  scope: Scope,
  limit: number,
  conditions: Node[] = [],
): Promise<number> {
  if (driver.any.length === 0 || scope.types.length === 0) return 0
  const stages = [
    { $match: drivenBy({ driver, rest: [] }, scope) },
    { $limit: limit },
    { $match: { $and: [{}, ...hidden(conditions, scope, '')] } },
    { $group: { _id: 1, n: { $sum: 1 } } },
  ]
  const [found] = await aggregate<{ n: number }>(scope, stages, hintOf(driver))
  return found?.n ?? 0
}

/** Half of the time that is left may be taken: there is some for what comes then. `end`: what to say of what it does not suffice for. */
async function counting(
  scope: Scope,
  count: (scope: Scope) => Promise<number>,
): Promise<{ rows: number; ms: number; end: string }> {
  const began = performance.now()
  const until = began + (scope.source.until - began) / 2
  try {
    const rows = await count({ ...scope, source: { ...scope.source, until } })
    return { rows, ms: since(began), end: '' }
  } catch (error) {
    if (!isTimeLimit(error)) throw error
    return { rows: 0, ms: since(began), end: ', at least' }
  }
}

/** How a search was answered, for operators: names, numbers and times, never a value. */
import type { Context } from '../../resources/context.ts'
import { type Issue, issue } from '../../resources/error.ts'
import type { Query } from '../../resources/search/query.ts'
import type { Step } from '../../resources/store.ts'
import type { Parts } from '../interactions.ts'

/** What was done beside the store: it is taken for as many as the store takes the hits for, and for `most` at most. */
export type Beside = Omit<Step, 'estimate'> & { most?: number }

/** What the store does, then what was done beside it, one issue a step. */
export async function explain(
  query: Query,
  beside: Beside[],
  { context, parts }: { context: Context; parts: Parts },
): Promise<Issue[]> {
  const steps = await parts.repository.explain(context, query)
  const hits = steps[0]?.estimate ?? 0
  const others = beside.map(({ most = hits, ...each }) => ({
    ...each,
    estimate: Math.min(hits, most),
  }))
  return [...steps, ...others].map(each =>
    issue('informational', printStep(each), undefined, 'information'),
  )
}

/** `condition token code; table token; estimate 12; rows 3; 0.12 ms` */
function printStep({ step, table, estimate, rows, ms }: Step): string {
  const parts = [
    step,
    ...(table === undefined ? [] : [`table ${table}`]),
    `estimate ${estimate}`,
    `rows ${rows}`,
    `${ms} ms`,
  ]
  return parts.join('; ')
}

/** Does it, and says how long it took. */
export async function timed<T>(work: () => Promise<T>): Promise<{ value: T; ms: number }> {
  const began = performance.now()
  const value = await work()
  return { value, ms: Math.round((performance.now() - began) * 100) / 100 }
}

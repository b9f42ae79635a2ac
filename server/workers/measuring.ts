import type { Worker } from 'node:cluster'
import { AggregatorRegistry } from 'prom-client'
import type { Measured, ToWorker } from './messages.ts'

export interface Measuring {
  /** The metrics of these workers, by their places, as text. Who does not answer in time is left out. */
  text(workers: ReadonlyMap<number, Worker>): Promise<string>
  answered(question: number, worker: Worker, measured: Measured): void
}

/** ms that a worker may take to tell what it measured. */
const patience = 2000

export function createMeasuring(): Measuring {
  const waiting = new Map<number, (worker: Worker, measured: Measured) => void>()
  let asked = 0
  return {
    answered: (question, worker, measured) => waiting.get(question)?.(worker, measured),
    async text(workers) {
      const question = ++asked
      const found = new Map<Worker, Measured>()
      await new Promise<void>(resolve => {
        const late = setTimeout(resolve, patience)
        waiting.set(question, (worker, measured) => {
          found.set(worker, measured)
          if (found.size < workers.size) return
          clearTimeout(late)
          resolve()
        })
        for (const worker of workers.values()) tell(worker, { measure: question })
      })
      waiting.delete(question)
      const all = [...workers].map(([place, worker]) => labelled(found.get(worker) ?? [], place))
      return AggregatorRegistry.aggregate(all).metrics()
    },
  }
}

/** A worker may have ended: its `exit` says so. */
export const tell = (worker: Worker, words: ToWorker): void => void worker.send(words, () => {})

/** Each worker has its series: where another process takes its place they begin anew, as counters may. */
const labelled = (metrics: Measured, place: number): Measured =>
  metrics.map(metric => ({
    ...metric,
    aggregator: 'first',
    values: metric.values.map(value => ({ ...value, labels: { ...value.labels, worker: place } })),
  }))

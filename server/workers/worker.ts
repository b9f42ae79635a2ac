/** This process as one of several that take requests on one port. */
import cluster from 'node:cluster'
import type { FromWorker, Measured, ToWorker } from './messages.ts'

export interface Others {
  /** How many take requests now, this one among them, and how many should. */
  count(): { listening: number; of: number }
  /** The metrics of all, as text. */
  metrics(): Promise<string>
}

/** From its first moment on: whoever says nothing for long is ended. */
export function sayThatItLives(): void {
  process.on('message', (told: ToWorker) => 'lives' in told && void say({ lives: true }))
}

/** Absent: this process is the only one. */
export function joinOthers(measure: () => Promise<Measured>): Others | undefined {
  if (!cluster.isWorker) return undefined
  let { listening, of } = { listening: 1, of: 1 }
  let asked = 0
  const waiting = new Map<number, (text: string) => void>()
  process.on('message', async (told: ToWorker) => {
    if ('listening' in told) ({ listening, of } = told)
    else if ('measure' in told) await say({ measured: await measure(), for: told.measure })
    else if ('metrics' in told) {
      waiting.get(told.for)?.(told.metrics)
      waiting.delete(told.for)
    }
  })
  return {
    count: () => ({ listening, of }),
    metrics: () =>
      new Promise(resolve => {
        asked++
        waiting.set(asked, resolve)
        void say({ asks: asked })
      }),
  }
}

/** Resolves when it is said. Where the process that started this one is gone, this one ends too. */
export const say = (words: FromWorker): Promise<void> =>
  new Promise(resolve => process.send?.(words, undefined, {}, () => resolve()))

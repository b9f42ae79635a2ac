/** What a worker and the process that started it say to each other. A number tells which question an answer is for. */
import type { MetricObjectWithValues, MetricValue } from 'prom-client'

export type Measured = MetricObjectWithValues<MetricValue<string>>[]

export type FromWorker =
  /** It takes requests at this address. */
  | { listens: string }
  /** Why it cannot start, and whether that may pass by itself. */
  | { fails: string; passes: boolean }
  /** For the metrics of all. */
  | { asks: number }
  | { measured: Measured; for: number }
  /** Its event loop turns. */
  | { lives: true }

export type ToWorker =
  /** How many take requests, and how many should. */
  | { listening: number; of: number }
  /** For its own metrics. */
  | { measure: number }
  | { metrics: string; for: number }
  | { lives: '?' }

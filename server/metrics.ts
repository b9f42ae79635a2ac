import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { joinOthers, type Others } from './workers/worker.ts'

export interface Metrics {
  /** A request answered: FHIR's word for it, its status, seconds. */
  answered(interaction: string, status: number, seconds: number): void
  /** A group of commits written: how many, seconds. */
  committed(size: number, seconds: number): void
  /** Of all processes that take requests on the port. The text of https://prometheus.io/docs/instrumenting/exposition_formats/ */
  text(): Promise<string>
  contentType: string
  /** Absent: this process alone takes requests on the port. */
  others: Others | undefined
}

/** Labels are words of ours only, so that their number stays bounded. */
export function createMetrics(now: {
  running(): number
  waiting(): { writes: number; searches: number }
  toIndex(): number
}): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const requests = new Counter({
    name: 'nidaan_requests_total',
    help: 'Requests answered',
    labelNames: ['interaction', 'status'],
    registers,
  })
  const seconds = new Histogram({
    name: 'nidaan_request_seconds',
    help: 'Time to answer a request',
    labelNames: ['interaction'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  })
  const batch = new Histogram({
    name: 'nidaan_commit_batch_size',
    help: 'Commits that shared one fsync',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
    registers,
  })
  const commit = new Histogram({
    name: 'nidaan_commit_seconds',
    help: 'Time to write a group of commits',
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers,
  })
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  gauge('nidaan_requests_running', 'Requests worked on now', () => now.running())
  gauge(
    'nidaan_writes_waiting',
    'Calls to the writer without an answer',
    () => now.waiting().writes,
  )
  gauge('nidaan_resources_to_index', 'Stored resources that an index is waiting for', () =>
    now.toIndex(),
  )
  gauge('nidaan_searches_waiting', 'Searches without an answer', () => now.waiting().searches)
  const counter = remember((interaction, status: number) =>
    requests.labels(interaction, String(status)),
  )
  const histogram = remember(interaction => seconds.labels(interaction))
  const others = joinOthers(() => registry.getMetricsAsJSON())
  return {
    others,
    answered(interaction, status, duration) {
      counter(interaction, status).inc()
      histogram(interaction, 0).observe(duration)
    },
    committed(size, duration) {
      batch.observe(size)
      commit.observe(duration)
    },
    text: () => (others ? others.metrics() : registry.metrics()),
    contentType: registry.contentType,
  }
}

/** Looking a child up by its labels costs more than counting. */
function remember<T>(make: (interaction: string, status: number) => T) {
  const made = new Map<string, T>()
  return (interaction: string, status: number): T => {
    const key = `${interaction} ${status}`
    const known = made.get(key) ?? make(interaction, status)
    made.set(key, known)
    return known
  }
}

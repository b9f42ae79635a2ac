/**
 * Several processes that take requests on one port: this one starts them, starts another where one died, and takes no
 * request itself. https://nodejs.org/api/cluster.html
 */
import cluster, { type Worker } from 'node:cluster'
import { setTimeout as wait } from 'node:timers/promises'
import type { Config } from './config.ts'
import { createLog } from './log.ts'
import { createMeasuring, tell } from './workers/measuring.ts'
import type { FromWorker } from './workers/messages.ts'

interface Started {
  pid: number | undefined
  /** Resolves with its address; rejects where it ends before. */
  listens: Promise<string>
  /** Resolves with how it ended. */
  ended: Promise<number | string>
  stop(): void
}

/** ms before another takes the place of one that died: longer each time, until one has lived for long. */
const shortest = 250
const longest = 30_000

export function createWorkers({ workers: count, logLevel }: Config) {
  const log = createLog(logLevel)
  const stopping = new AbortController()
  /** By place: 1, 2, 3 … */
  const started = new Map<number, Started>()
  const start = createStart(count)
  const startAt = (place: number): Started => {
    const one = start(place)
    started.set(place, one)
    return one
  }

  async function keep(place: number): Promise<void> {
    let pause = shortest / 2
    for (let one = started.get(place); one; one = startAt(place)) {
      const since = performance.now()
      one.listens.catch(err => log.error({ worker: place, err }, 'a worker cannot start'))
      const ended = await one.ended
      pause = performance.now() - since > longest ? shortest : Math.min(longest, 2 * pause)
      if (stopping.signal.aborted) return
      log.error({ worker: place, pid: one.pid, ended, pause }, 'a worker ended: another is started')
      await wait(pause, undefined, { signal: stopping.signal }).catch(() => {})
      if (stopping.signal.aborted) return
    }
  }

  async function close(): Promise<void> {
    stopping.abort()
    for (const one of started.values()) one.stop()
    await Promise.all([...started.values()].map(({ ended }) => ended))
    log.flush()
  }

  return {
    /** Resolves with the address when all listen; rejects, when none is left, where one cannot. */
    async listen(): Promise<string> {
      const places = Array.from({ length: count }, (_, index) => index + 1)
      try {
        // What is to be made in an empty store, and what is wrong with the settings, is the business of one.
        const address = await startAt(1).listens
        await Promise.all(places.slice(1).map(place => startAt(place).listens))
        for (const place of places) void keep(place)
        return address
      } catch (error) {
        await close()
        throw error
      }
    },
    /** Resolves when all have finished their requests. */
    close,
  }
}

function createStart(count: number): (place: number) => Started {
  const listening = new Map<number, Worker>()
  const measuring = createMeasuring()
  const tellAll = () => {
    for (const worker of listening.values()) tell(worker, { listening: listening.size, of: count })
  }

  return place => {
    const worker = cluster.fork()
    let why = 'it ended before it listened'
    const ended = new Promise<number | string>(resolve =>
      worker.once('exit', (code, signal) => {
        if (listening.delete(place)) tellAll()
        resolve(signal || code)
      }),
    )
    const listens = new Promise<string>((resolve, reject) => {
      worker.on('message', async (said: FromWorker) => {
        if ('listens' in said) {
          listening.set(place, worker)
          tellAll()
          resolve(said.listens)
        } else if ('fails' in said) why = said.fails
        else if ('asks' in said)
          tell(worker, { metrics: await measuring.text(listening), for: said.asks })
        else if ('measured' in said) measuring.answered(said.for, worker, said.measured)
      })
      void ended.then(() => reject(new Error(why)))
    })
    return { pid: worker.process.pid, listens, ended, stop: () => worker.process.kill('SIGTERM') }
  }
}

/**
 * Several processes that take requests on one port: this one starts them, starts another where one died or froze, and takes
 * no request itself. https://nodejs.org/api/cluster.html
 */
import cluster, { type Worker } from 'node:cluster'
import { setTimeout as wait } from 'node:timers/promises'
import type { Config } from './config.ts'
import { createLog } from './log.ts'
import { createMeasuring, tell } from './workers/measuring.ts'
import type { FromWorker } from './workers/messages.ts'
import { createPace } from './workers/pace.ts'
import { watch } from './workers/watch.ts'

interface Started {
  pid: number | undefined
  /** Resolves with its address; rejects with CannotStart where it ends before. */
  listens: Promise<string>
  /** Resolves with how it ended. */
  ended: Promise<number | string>
  end(signal: 'SIGTERM' | 'SIGKILL'): void
}

class CannotStart extends Error {
  readonly passes: boolean

  constructor(why: string, passes: boolean) {
    super(why)
    this.passes = passes
  }
}

/** ms for which a worker that was told to stop may go on after its last request. */
const grace = 3000

/** `onEnd`: none is left, and another one would not start either. */
export function createWorkers(
  { workers: count, logLevel, shutdownTime }: Config,
  onEnd: (error: CannotStart) => void,
) {
  const log = createLog(logLevel)
  const stopping = new AbortController()
  /** By place: 1, 2, 3 … */
  const started = new Map<number, Started>()
  const listening = new Map<number, Worker>()
  const start = createStart(count, listening)
  const startAt = (place: number): Started => {
    const one = start(place, pid =>
      log.error({ worker: place, pid }, 'a worker is silent: it is ended'),
    )
    started.set(place, one)
    return one
  }

  async function keep(place: number): Promise<void> {
    const pace = createPace(() => performance.now())
    for (let one = started.get(place); one; one = startAt(place)) {
      one.listens.then(pace.began, error => {
        log.error({ worker: place, why: error.message }, 'a worker cannot start')
        if (!error.passes && listening.size === 0) void close().then(() => onEnd(error))
      })
      const ended = await one.ended
      if (stopping.signal.aborted) return
      const pause = pace.pause()
      log.error({ worker: place, pid: one.pid, ended, pause }, 'a worker ended: another is started')
      await wait(pause, undefined, { signal: stopping.signal }).catch(() => {})
      if (stopping.signal.aborted) return
    }
  }

  async function close(): Promise<void> {
    stopping.abort()
    const endAll = (signal: 'SIGTERM' | 'SIGKILL') => {
      for (const one of started.values()) one.end(signal)
    }
    endAll('SIGTERM')
    const late = setTimeout(endAll, shutdownTime + grace, 'SIGKILL')
    await Promise.all([...started.values()].map(({ ended }) => ended))
    clearTimeout(late)
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

function createStart(count: number, listening: Map<number, Worker>) {
  const measuring = createMeasuring()
  const tellAll = () => {
    for (const worker of listening.values()) tell(worker, { listening: listening.size, of: count })
  }

  return (place: number, onSilent: (pid: number | undefined) => void): Started => {
    const worker = cluster.fork()
    const { pid } = worker.process
    let failure = new CannotStart('it ended before it listened', true)
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
        } else if ('fails' in said) failure = new CannotStart(said.fails, said.passes)
        else if ('asks' in said)
          tell(worker, { metrics: await measuring.text(listening), for: said.asks })
        else if ('measured' in said) measuring.answered(said.for, worker, said.measured)
      })
      void ended.then(() => reject(failure))
    })
    watch(worker, () => onSilent(pid))
    return { pid, listens, ended, end: signal => void worker.process.kill(signal) }
  }
}

import { Worker } from 'node:worker_threads'
import { unavailable } from '../../resources/error.ts'
import { createCallers, makeLeft } from './callers.ts'
import type { ConnectionOptions } from './connection.ts'
import { type Failure, unpackError } from './errors.ts'

type Answer = { place: number; value?: unknown; failure?: Failure }
type Message = 'ready' | 'closed' | { answers: Answer[]; batch?: { size: number; ms: number } }

/** A thread of this store, called like a function. */
export interface Thread {
  /** Rejects at once when the signal says that nobody waits any more; the work stops within some thousand rows. */
  call(call: unknown, signal?: AbortSignal): Promise<unknown>
  /** Calls without an answer yet. */
  waiting(): number
  alive(): boolean
  /** Answers what was asked, then ends. */
  close(): Promise<void>
}

const gone = () => unavailable('nobody waits for the answer any more', 1)

const stopped = (cause: unknown) =>
  unavailable('the store has stopped: restart the server', 30, cause)

/** Starts a thread; rejects with what kept it from opening the file. */
export async function startThread(
  file: 'writer-thread.ts' | 'reader-thread.ts',
  options: ConnectionOptions,
  onBatch?: (size: number, ms: number) => void,
): Promise<Thread> {
  const left = makeLeft()
  const worker = new Worker(new URL(file, import.meta.url), {
    workerData: { options, left },
    resourceLimits: { maxYoungGenerationSizeMb: 16 },
  })
  const callers = createCallers(left)
  let dead: Error | undefined
  let closed: () => void = () => {}

  await new Promise<void>((resolve, reject) => {
    worker.on('message', (message: Message) => {
      if (message === 'ready') return resolve()
      if (message === 'closed') return closed()
      if (message.batch) onBatch?.(message.batch.size, message.batch.ms)
      for (const { place, value, failure } of message.answers) {
        const caller = callers.take(place)
        if (failure) caller?.reject(unpackError(failure))
        else caller?.resolve(value)
      }
    })
    const die = (error: Error) => {
      dead ??= error
      reject(dead)
      for (const { reject: fail } of callers.clear()) fail(stopped(dead))
      closed()
    }
    worker.on('error', die)
    worker.on('exit', code => die(new Error(`a thread of the store ended with ${code}`)))
  })

  return {
    call(call, signal) {
      if (dead) return Promise.reject(stopped(dead))
      if (signal?.aborted) return Promise.reject(gone())
      return new Promise((resolve, reject) => {
        const leave = () => {
          callers.leave(place)
          reject(gone())
        }
        const settled =
          <T>(settle: (value: T) => void) =>
          (value: T) => {
            signal?.removeEventListener('abort', leave)
            settle(value)
          }
        signal?.addEventListener('abort', leave, { once: true })
        const place = callers.add({ resolve: settled(resolve), reject: settled(reject) })
        worker.postMessage({ place, call })
      })
    },
    waiting: callers.waiting,
    alive: () => dead === undefined,
    async close() {
      if (dead) return
      await new Promise<void>(resolve => {
        closed = resolve
        worker.postMessage('close')
      })
      await worker.terminate()
    },
  }
}

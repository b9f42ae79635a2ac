import type { Worker } from 'node:cluster'
import { tell } from './measuring.ts'

/** ms of a turn, and turns without a word after which a worker is taken for frozen, or in a loop without end. */
const turn = 1000
const patience = 30

/** Ends a worker that says nothing any more. Turns of this process are counted: where the machine stands still, none pass. */
export function watch(worker: Worker, onSilent: () => void): void {
  let silent = 0
  worker.on('message', () => {
    silent = 0
  })
  const watching = setInterval(() => {
    if (silent === 0) tell(worker, { lives: '?' })
    if (++silent !== patience) return
    onSilent()
    worker.process.kill('SIGKILL')
  }, turn)
  worker.once('exit', () => clearInterval(watching))
}

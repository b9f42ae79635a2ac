/** Reads the settings, composes, listens, and stops in reverse: by itself, or in several workers. */
import cluster from 'node:cluster'
import { FhirError } from '../resources/error.ts'
import { compose } from './compose.ts'
import { readConfig } from './config.ts'
import { say, sayThatItLives } from './workers/worker.ts'
import { createWorkers } from './workers.ts'

/** ms between two looks for who started this. */
const lookEvery = 250

try {
  if (cluster.isWorker) sayThatItLives()
  const config = readConfig(process.env)
  const many = config.workers > 1 && cluster.isPrimary
  const server = many ? createWorkers(config, end) : await compose(config)
  const address = await server.listen()
  let stopping = false
  const stop = async () => {
    if (stopping) return
    stopping = true
    await server.close()
    process.exit(0)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  // The shell that npm puts between ends by a signal and does not hand it on.
  const parent = process.ppid
  const orphaned = () => process.ppid !== parent
  if (process.env.npm_lifecycle_event) setInterval(() => orphaned() && stop(), lookEvery).unref()
  // Last: whoever reads it may end the server at once.
  if (cluster.isWorker) await say({ listens: address })
  else console.log(`Nidaan listens on ${address}`)
} catch (error) {
  if (cluster.isWorker) await say({ fails: wordsOf(error), passes: error instanceof FhirError })
  else console.error(`Nidaan cannot start: ${wordsOf(error)}`)
  process.exit(1)
}

/** None of the workers is left. */
function end(error: unknown): never {
  console.error(`Nidaan cannot go on: ${wordsOf(error)}`)
  process.exit(1)
}

function wordsOf(error: unknown): string {
  return Error.isError(error) ? error.message : String(error)
}

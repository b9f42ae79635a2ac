/** Reads the settings, composes, listens, and stops in reverse: by itself, or in several workers. */
import cluster from 'node:cluster'
import { compose } from './compose.ts'
import { readConfig } from './config.ts'
import { say } from './workers/worker.ts'
import { createWorkers } from './workers.ts'

/** ms between two looks for who started this. */
const lookEvery = 250

try {
  const config = readConfig(process.env)
  const many = config.workers > 1 && cluster.isPrimary
  const server = many ? createWorkers(config) : await compose(config)
  const address = await server.listen()
  if (cluster.isWorker) await say({ listens: address })
  else console.log(`Nidaan listens on ${address}`)
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
} catch (error) {
  const why = Error.isError(error) ? error.message : String(error)
  if (cluster.isWorker) await say({ fails: why })
  else console.error(`Nidaan cannot start: ${why}`)
  process.exit(1)
}

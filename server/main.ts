/** Reads the settings, composes, listens, and stops in reverse. */
import { compose } from './compose.ts'
import { readConfig } from './config.ts'

/** ms between two looks for who started this. */
const lookEvery = 250

try {
  const server = await compose(readConfig(process.env))
  const address = await server.listen()
  console.log(`Nidaan listens on ${address}`)
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
  console.error(`Nidaan cannot start: ${Error.isError(error) ? error.message : error}`)
  process.exit(1)
}

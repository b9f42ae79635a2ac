/** npm run check: compares all that is stored with itself, and with what is made of it now. */
import { readConfig } from './config.ts'
import { createProgress } from './progress.ts'
import { inspectStore } from './upkeep.ts'

if (process.argv.length > 2) {
  console.error('npm run check    looks whether all that is stored fits together; changes nothing')
  process.exit(process.argv[2] === '--help' ? 0 : 2)
}

/** Lines that are told; more are counted. */
const most = 100

const progress = createProgress(process.stderr)
try {
  let wrong = 0
  const resources = await inspectStore(readConfig(process.env), {
    progress: (done, total) => progress.show(done, total > 0 ? Math.min(1, done / total) : 1),
    doubt: progress.say,
    finding({ tenant, on, what }) {
      if (++wrong <= most) progress.say(`${tenant}${tenant && ' '}${on} ${what}`)
    },
  })
  progress.end()
  if (wrong > most) progress.say(`… and ${wrong - most} more`)
  progress.say(
    `looked at ${resources} resources: ${wrong === 0 ? 'all fits together' : `${wrong} findings`}`,
  )
  process.exitCode = wrong === 0 ? 0 : 1
} catch (error) {
  progress.end()
  progress.say(`it was not looked at all: ${Error.isError(error) ? error.message : error}`)
  process.exitCode = 1
}

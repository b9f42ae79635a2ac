/** npm run migrate -- --from URL --to URL: copies all that a store has to another one, and compares the two. */
import { parseArgs } from 'node:util'
import { readConfig } from './config.ts'
import { createProgress } from './progress.ts'
import { migrateStore } from './upkeep.ts'

const usage = `npm run migrate -- --from URL --to URL

  --from, --to   addresses as in STORE_URL: sqlite:FILE or mongodb://…; the target is empty, or what an interrupted
                 copy left: then it goes on there. No server may use either.`

function misused(words: string): never {
  console.error(`${words}\n\n${usage}`)
  process.exit(2)
}

const options = {
  from: { type: 'string' },
  to: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const

function readArguments(): { from: string; to: string } {
  try {
    const { from, to, help } = parseArgs({ options }).values
    if (help) {
      console.log(usage)
      process.exit(0)
    }
    if (!from || !to) misused('from where to where?')
    if (from === to) misused('source and target are the same')
    return { from, to }
  } catch (error) {
    misused((error as Error).message)
  }
}

const { from, to } = readArguments()
const progress = createProgress(process.stderr, undefined, 'versions')
const configOf = (url: string) => readConfig({ ...process.env, STORE_URL: url, WORKERS: '1' })
try {
  let phase = ''
  const sums = await migrateStore(configOf(from), configOf(to), {
    progress(now, done, total) {
      if (now !== phase) {
        progress.end()
        const resumed = done > 0 ? `: ${done} versions are there already` : ''
        progress.say(now === 'copy' ? `copying${resumed}` : 'comparing what was copied')
        phase = now
      }
      progress.show(done, total > 0 ? Math.min(1, done / total) : 1)
    },
  })
  progress.end()
  for (const { tenant, type, versions, hash } of sums)
    progress.say(`${tenant} ${type}: ${versions} versions, ${hash.slice(0, 16)}`)
  const count = sums.reduce((sum, { versions }) => sum + versions, 0)
  progress.say(
    `copied: ${count} versions of ${sums.length} types; counts and hashes of source and target are the same`,
  )
} catch (error) {
  progress.end()
  progress.say(`not copied to the end: ${Error.isError(error) ? error.message : error}`)
  process.exitCode = 1
}

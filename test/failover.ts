/**
 * Kills the primary of a set of three with -9, or freezes it, again and again, while 32 clients write through the server:
 * no acknowledged version is lost or doubled, nobody is told worse than to come again, and writing goes on.
 * `npm run failover -- --kills 10 --freezes 2`.
 */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs, promisify } from 'node:util'
import { work } from './crash/client.ts'
import { Ledger } from './crash/ledger.ts'
import { ended, startWriting } from './crash/server.ts'
import { databaseAt } from './support/mongo-database.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '10' },
    freezes: { type: 'string', default: '2' },
    clients: { type: 'string', default: '32' },
    json: { type: 'string' },
  },
})

const script = '../shared/runtime/mongo.sh'
if (!existsSync(script)) {
  console.error(`${script} is not there: it starts and kills the set of three`)
  process.exit(1)
}
const folder = mkdtempSync(join(tmpdir(), 'nidaan-failover-'))

async function set(...args: string[]): Promise<string> {
  const env = { ...process.env, MONGO_CACHE_GB: '0.25', STOP_WITH: String(process.pid) }
  const { stdout } = await promisify(execFile)('bash', [script, ...args], { env })
  return stdout.trim()
}

/** ms within which writing must go on: a dead primary is known at once, a silent one when it has been for a while. */
const longest = { kill9: 15_000, pause: 30_000 }

/** Waits until something is acknowledged that was sent after the primary went away; ms, or undefined where it took too long. */
async function lose(
  how: keyof typeof longest,
  ledger: Ledger,
  clients: number,
): Promise<number | undefined> {
  const primary = await set('primary', folder)
  await set(how, folder, primary)
  const from = performance.now()
  // What was on its way to the clients is not counted.
  await wait(500)
  const before = ledger.counts().versions
  while (ledger.counts().versions < before + clients) {
    if (performance.now() - from > longest[how]) return undefined
    await wait(20)
  }
  const took = performance.now() - from
  if (how === 'pause') await set('resume', folder, primary)
  return took
}

const results: { what: string; problems: string[] }[] = []
function tell(what: string, problems: string[]): void {
  results.push({ what, problems })
  console.log(`${what}: ${problems.length} problems`)
  for (const problem of problems.slice(0, 10)) console.error(`  ${problem}`)
}

try {
  const url = databaseAt(await set('start3', '0', folder), 'failover')
  const { server, base } = await startWriting({
    LOG_LEVEL: 'fatal',
    DATA_DIR: folder,
    STORE_URL: url,
  })
  const gone = ended(server)
  const ledger = new Ledger(true)
  const stop = { now: false }
  const count = Number(values.clients)
  const clients = Array.from({ length: count }, () => work(base, ledger, stop))
  const losses = [
    ...Array<'kill9'>(Number(values.kills)).fill('kill9'),
    ...Array<'pause'>(Number(values.freezes)).fill('pause'),
  ]
  for (const how of losses) {
    await wait(1000)
    const took = await lose(how, ledger, count)
    const problem = took === undefined ? [`nothing was written for ${longest[how]} ms`] : []
    tell(`${how} of the primary, writing again after ${Math.round(took ?? 0)} ms`, problem)
    await set('start3', '0', folder)
  }
  stop.now = true
  await Promise.all(clients)
  const { versions } = ledger.counts()
  const problems = await ledger.compare(base)
  tell(`${versions} acknowledged versions, ${ledger.delayed} times told to come again`, problems)
  server.kill('SIGTERM')
  await gone
} finally {
  await set('stop', folder)
  rmSync(folder, { recursive: true, force: true })
}

const failed = results.filter(({ problems }) => problems.length > 0).length
const passed = results.length - failed
if (values.json)
  writeFileSync(
    values.json,
    JSON.stringify({ numPassedTests: passed, numFailedTests: failed, numPendingTests: 0 }),
  )
console.log(`${passed} passed, ${failed} failed, 0 skipped`)
process.exit(failed ? 1 : 0)

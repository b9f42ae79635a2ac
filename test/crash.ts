/**
 * Kills the real server with -9 while 32 clients write, starts it again and compares: every acknowledged version is
 * there, no torn transaction, no phantom. `npm run crash -- --rounds 20 --store mongo`.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { work } from './crash/client.ts'
import { Ledger } from './crash/ledger.ts'
import { readOptions } from './crash/options.ts'
import { createReport } from './crash/report.ts'
import { ended, startWriting } from './crash/server.ts'
import { databaseAt, dropDatabase } from './support/mongo-database.ts'
import { startMongod } from './support/mongod.ts'

const usage = `npm run crash -- [options]

  --rounds N            how often the server is killed (default 5)
  --clients N           how many write at once (default 32)
  --store sqlite|mongo  what it writes to (default sqlite); for mongo a mongod is started
  --json FILE           write what was found to FILE as well`

const values = readOptions(usage, {
  rounds: { type: 'string', default: '5' },
  clients: { type: 'string', default: '32' },
  store: { type: 'string', default: 'sqlite' },
  json: { type: 'string' },
})

const folder = mkdtempSync(join(tmpdir(), 'nidaan-crash-'))
const mongod = values.store === 'mongo' ? await startMongod() : undefined
const place = {
  DATA_DIR: folder,
  STORE_URL: mongod ? databaseAt(mongod.url, `nidaan-crash-${process.pid}`) : '',
}

const start = () => startWriting(place)

/** Acknowledged versions without which a round proves nothing. */
const atLeast = 32

async function round(ledger: Ledger): Promise<string[]> {
  const before = ledger.counts().versions
  const { server, base } = await start()
  const stop = { now: false }
  const clients = Array.from({ length: Number(values.clients) }, () => work([base], ledger, stop))
  // Beside the one that was killed, which others take to be there for a while, the first write waits.
  for (const end = performance.now() + 15_000; performance.now() < end; await wait(5))
    if (ledger.counts().versions - before >= atLeast) break
  await wait(Math.random() * 1500)
  const gone = ended(server)
  server.kill('SIGKILL')
  stop.now = true
  await Promise.all([gone, ...clients])
  const acknowledged = ledger.counts().versions - before
  const again = await start()
  const problems = await ledger.compare([again.base])
  if (acknowledged < atLeast)
    problems.push(`only ${acknowledged} versions were acknowledged: too few to prove anything`)
  const stopped = ended(again.server)
  again.server.kill('SIGTERM')
  await stopped
  return problems
}

const ledger = new Ledger()
const report = createReport(values.json)
try {
  for (let n = 1; n <= Number(values.rounds); n++) {
    const problems = await round(ledger)
    const { versions, transactions } = ledger.counts()
    report.tell(
      `round ${n}: ${versions} acknowledged versions, ${transactions} transactions`,
      problems,
    )
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
  if (mongod) await dropDatabase(place.STORE_URL).finally(mongod.stop)
}
report.end()

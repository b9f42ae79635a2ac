/**
 * Kills the primary of a set of three with -9, freezes it, or has it step down, again and again, while 32 clients write through
 * two server processes: no acknowledged version is lost, doubled or gone for a while, nobody is told worse than to come again, and
 * writing goes on. `npm run failover -- --kills 10 --freezes 2 --handovers 5`.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readOptions } from './crash/options.ts'
import { createReport } from './crash/report.ts'
import { type Members, startMembers } from './failover/members.ts'
import { startWriters } from './failover/writers.ts'
import { databaseAt } from './support/mongo-database.ts'

const usage = `npm run failover -- [options]

  --kills N      how often the primary is killed (default 10)
  --freezes N    how often it is frozen (default 2)
  --handovers N  how often it steps down (default 5)
  --clients N    how many write at once (default 32)
  --servers N    to how many server processes, each in turn (default 2)
  --json FILE    write what was found to FILE as well`

const values = readOptions(usage, {
  kills: { type: 'string', default: '10' },
  freezes: { type: 'string', default: '2' },
  handovers: { type: 'string', default: '5' },
  clients: { type: 'string', default: '32' },
  servers: { type: 'string', default: '2' },
  json: { type: 'string' },
})

/** ms within which writing must go on. */
const longest = 15_000
const losses = [
  ...Array<'kill9'>(Number(values.kills)).fill('kill9'),
  ...Array<'pause'>(Number(values.freezes)).fill('pause'),
  ...Array<'handover'>(Number(values.handovers)).fill('handover'),
]

/** What `npm run check` finds. */
function whatIsWrong(env: Record<string, string>): string[] {
  const { status, stderr } = spawnSync(process.execPath, ['server/node.js', 'server/check.ts'], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  })
  return status === 0 ? [] : stderr.split('\n')
}

const report = createReport(values.json)
const folder = mkdtempSync(join(tmpdir(), 'nidaan-failover-'))
let members: Members | undefined
let isGood = false
try {
  members = await startMembers(folder)
  const env = { DATA_DIR: folder, STORE_URL: databaseAt(members.url, 'failover') }
  const clients = Number(values.clients)
  const writers = await startWriters({ clients, env, servers: Number(values.servers) })
  for (const how of losses) {
    const primary = await members.whole()
    if (how === 'handover') await members.handOver()
    else await members.tell(how, primary)
    const { took, problems } = await writers.goOn(longest, members.said)
    report.tell(`${how} of the primary, writing again after ${took} ms`, problems)
    if (how === 'pause') await members.tell('resume', primary)
    await members.start()
  }
  const { what, problems } = await writers.end()
  report.tell(what, problems)
  report.tell('all that is stored was compared with itself', whatIsWrong(env))
  isGood = report.isGood()
} finally {
  await members?.stop()
  if (isGood) rmSync(folder, { recursive: true, force: true })
  else console.error(`what the members wrote is in ${folder}`)
}
report.end()

/**
 * Fills the disk of a MongoDB and cuts its network while 32 clients write through the server: clear answers, no
 * acknowledged version lost or doubled, and writing goes on by itself. `npm run outage`. As root, on Linux: the disk and the
 * network are of namespaces of their own.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { readOptions } from './crash/options.ts'
import { createReport } from './crash/report.ts'
import { startMembers } from './failover/members.ts'
import { asUser, begin, cut, mend } from './failover/network.ts'
import { startWriters, type Writers } from './failover/writers.ts'
import { databaseAt } from './support/mongo-database.ts'
import { programOfMongo } from './support/mongod.ts'

const usage = `npm run outage -- [options], as root on Linux

  --clients N  how many write at once (default 32)
  --json FILE  write what was found to FILE as well`

const values = readOptions(usage, {
  clients: { type: 'string', default: '32' },
  json: { type: 'string' },
})
const clients = Number(values.clients)
const report = createReport(values.json)

/** ms within which writing goes on once nothing is in its way. */
const longest = 15_000

/** Runs itself again where disks and networks are its own; tells why that cannot be. */
function enter(): string | undefined {
  if (process.env.NIDAAN_OUTAGE) return undefined
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'that takes root on Linux'
  const apart = ['--mount', '--net']
  const probe = 'ip link set lo up && ip rule add pref 10 uidrange 9-9 dport 9 blackhole'
  const tried = spawnSync('unshare', [...apart, 'sh', '-c', probe], { encoding: 'utf8' })
  if (tried.status !== 0) return `namespaces cannot be had: ${tried.stderr || tried.error}`
  const again = [process.execPath, 'server/node.js', 'test/outage.ts', ...process.argv.slice(2)]
  const env = { ...process.env, NIDAAN_OUTAGE: '1' }
  process.exit(spawnSync('unshare', [...apart, ...again], { env, stdio: 'inherit' }).status ?? 1)
}

/** Waits until nothing is acknowledged for a while, because clients are told to come again. */
async function standStill(writers: Writers, ms: number): Promise<string[]> {
  const end = performance.now() + 60_000
  const { delays } = writers.counts()
  for (let before = -1, since = 0; performance.now() < end; await wait(100)) {
    const { versions } = writers.counts()
    if (versions !== before) [before, since] = [versions, performance.now()]
    else if (performance.now() - since > ms && writers.counts().delays > delays) return []
  }
  return ['all went on as if nothing had happened']
}

async function fillDisk(folder: string): Promise<void> {
  const disk = join(folder, '1/data')
  mkdirSync(disk, { recursive: true })
  const size = (bytes: number) => `size=${Math.ceil(bytes / 1024)}k`
  execFileSync('mount', ['-t', 'tmpfs', '-o', size(2 ** 30), 'nidaan-outage', disk])
  const members = await startMembers(folder, 1)
  const env = { DATA_DIR: folder, STORE_URL: databaseAt(members.url, 'outage') }
  const writers = await startWriters({ clients, env })
  const resize = (bytes: number) => execFileSync('mount', ['-o', `remount,${size(bytes)}`, disk])
  report.tell('writing', (await writers.goOn(longest, members.said)).problems)
  const { blocks, bfree, bsize } = statfsSync(disk)
  resize((blocks - bfree) * bsize + 2 ** 24)
  report.tell('the disk is full, and clients are told so', await standStill(writers, 10_000))
  for (const line of await members.said()) console.log(`  ${line}`)
  resize(2 ** 30)
  await members.start()
  const { took, problems } = await writers.goOn(longest, members.said)
  report.tell(`there is room again, writing again after ${took} ms`, problems)
  const { what, problems: lost } = await writers.end()
  report.tell(what, lost)
  await members.stop()
  execFileSync('umount', [disk])
}

/** A mongod that runs as the user of the number of its port. */
function mongodOfItsUser(folder: string): string {
  const path = join(folder, 'mongod')
  const as = asUser(0).join(' ').replace(' 0 ', ' "$user" ')
  const real = programOfMongo()
  const lines = [
    '#!/bin/sh',
    'for each; do [ "$before" = --port ] && user=$each; before=$each; done',
    `[ "$user" ] && exec ${as} ${real} "$@"`,
    `exec ${real} "$@"`,
  ]
  writeFileSync(path, `${lines.join('\n')}\n`)
  chmodSync(path, 0o755)
  return path
}

/** Whoever has a way: the server by its user, members by their ports. */
interface Parties {
  server: number
  primary: number
  others: number[]
}

interface Cut {
  what: string
  /** From whom to whom nothing arrives. */
  ways(parties: Parties): [number, number][]
  /** Whether writing goes on meanwhile, by another primary. */
  goesOn?: true
}

const toOthers = ({ primary, others }: Parties) =>
  others.flatMap((other): [number, number][] => [
    [primary, other],
    [other, primary],
  ])
const cuts: Cut[] = [
  {
    what: 'the server is parted from the primary',
    ways: ({ server, primary }) => [[server, primary]],
  },
  { what: 'the primary is parted from the others', ways: toOthers, goesOn: true },
  {
    what: 'server and primary are parted from the others',
    ways: parties => [
      ...toOthers(parties),
      ...parties.others.map((other): [number, number] => [parties.server, other]),
    ],
  },
]

async function cutNetwork(folder: string): Promise<void> {
  const members = await startMembers(folder, 3, { MONGOD: mongodOfItsUser(folder) })
  const server = 9999
  const env = { DATA_DIR: folder, STORE_URL: databaseAt(members.url, 'outage') }
  const writers = await startWriters({ clients, env, before: asUser(server) })
  const whole = async () => members.ports[(await members.whole()) - 1] ?? 0
  for (const { what, ways, goesOn } of cuts) {
    report.tell('writing', (await writers.goOn(longest, members.said)).problems)
    const primary = await whole()
    const others = members.ports.filter(port => port !== primary)
    for (const [user, port] of ways({ server, primary, others })) cut(user, port)
    if (goesOn) {
      const { took, problems } = await writers.goOn(longest, members.said)
      report.tell(`${what}, writing again after ${took} ms`, problems)
      mend()
    } else {
      report.tell(`${what}, and clients are told so`, await standStill(writers, 10_000))
      mend()
      const { took, problems } = await writers.goOn(longest, members.said)
      report.tell(`the way is free again, writing again after ${took} ms`, problems)
    }
  }
  await whole()
  const { what, problems } = await writers.end()
  report.tell(what, problems)
  await members.stop()
}

const why = enter()
if (why === undefined) begin()
const scenes = { 'a full disk': fillDisk, 'a cut network': cutNetwork }
for (const [what, play] of Object.entries(scenes)) {
  if (why !== undefined) {
    report.leaveOut(what, why)
    continue
  }
  console.log(`${what}:`)
  const folder = mkdtempSync(join(tmpdir(), 'nidaan-outage-'))
  await play(folder)
  rmSync(folder, { recursive: true, force: true })
}
report.end()

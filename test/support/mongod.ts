/** A real MongoDB for tests: that of MONGO_URL, else one of our own, by mongod on the PATH or by ../shared/runtime/mongo.sh. */
import { execFile, spawn } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { MongoClient } from 'mongodb'

const script = '../shared/runtime/mongo.sh'
const onPath = (program: string): boolean =>
  (process.env.PATH ?? '').split(delimiter).some(folder => existsSync(join(folder, program)))

/** Absent: there is none to be had here. */
export const wayToMongo = (): 'url' | 'path' | 'script' | undefined =>
  process.env.MONGO_URL
    ? 'url'
    : onPath('mongod')
      ? 'path'
      : existsSync(script)
        ? 'script'
        : undefined

/** mongod itself, for tests that start it in ways of their own; absent where only an address is known. */
export function programOfMongo(): string | undefined {
  if (onPath('mongod')) return 'mongod'
  const kept = process.env.NIDAAN_SERVICES ?? join(homedir(), '.cache/nidaan-services')
  return globSync(join(kept, 'mongod-*/mongod'))[0]
}

export const howToHaveMongo =
  'put mongod on the PATH, or set MONGO_URL to the address of a replica set'

export interface Mongod {
  /** Of a replica set. */
  url: string
  stop(): Promise<void>
}

/** Small, and quick at making and dropping many databases. */
const flags = ['--setParameter', 'diagnosticDataCollectionEnabled=false']
const interval = ['--journalCommitInterval', '5']

/** Memory where there is enough of it: thousands of files are made and removed. */
function newFolder(): string {
  const shared = '/dev/shm'
  const room = existsSync(shared) ? statfsSync(shared) : { bavail: 0, bsize: 0 }
  const parent = room.bavail * room.bsize > 2 * 1024 ** 3 ? shared : tmpdir()
  for (const name of readdirSync(parent)) {
    const [, pid] = /^nidaan-mongo-(\d+)-/.exec(name) ?? []
    if (pid && !isAlive(Number(pid))) rmSync(join(parent, name), { recursive: true, force: true })
  }
  return mkdtempSync(join(parent, `nidaan-mongo-${process.pid}-`))
}

/** A run that was killed leaves its folder to the next. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

export async function startMongod(): Promise<Mongod> {
  const way = wayToMongo()
  if (way === undefined) throw new Error(`there is no MongoDB: ${howToHaveMongo}`)
  if (way === 'url') return { url: process.env.MONGO_URL ?? '', stop: async () => {} }
  const folder = newFolder()
  const { url, stop } = way === 'path' ? await ofPath(folder) : await ofScript(folder)
  return {
    url,
    async stop() {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function ofScript(folder: string): Promise<Mongod> {
  const run = promisify(execFile)
  const env = {
    ...process.env,
    MONGO_CACHE_GB: '0.25',
    MONGO_ARGS: interval.join(' '),
    STOP_WITH: String(process.pid),
  }
  const { stdout } = await run('bash', [script, 'start', '0', folder], { env })
  return {
    url: stdout.trim(),
    stop: async () => void (await run('bash', [script, 'stop', folder], { env })),
  }
}

async function ofPath(folder: string): Promise<Mongod> {
  const port = await freePort()
  const place = [
    '--dbpath',
    folder,
    '--port',
    `${port}`,
    '--bind_ip',
    '127.0.0.1',
    '--nounixsocket',
  ]
  const size = ['--replSet', 'rs0', '--oplogSize', '256', '--wiredTigerCacheSizeGB', '0.25']
  const mongod = spawn('mongod', [...place, ...size, ...flags, ...interval], {
    stdio: 'ignore',
  })
  const ended = new Promise<void>(resolve => mongod.once('exit', () => resolve()))
  process.once('exit', () => mongod.kill())
  await initiate(port)
  return {
    url: `mongodb://127.0.0.1:${port}/?replicaSet=rs0`,
    async stop() {
      mongod.kill()
      await ended
    },
  }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}

/** Makes a set of one of it, and waits until it takes writes. */
async function initiate(port: number): Promise<void> {
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`)
  try {
    const members = [{ _id: 0, host: `127.0.0.1:${port}` }]
    await client.db('admin').command({ replSetInitiate: { _id: 'rs0', members } })
    while (!(await client.db('admin').command({ hello: 1 })).isWritablePrimary) await wait(20)
  } finally {
    await client.close()
  }
}

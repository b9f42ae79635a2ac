/** The commands of deploy/compose.yaml, in its order, without Docker: a real mongod, which its health check makes a set. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { runInNewContext } from 'node:vm'
import { expect } from '@jest/globals'
import { type Document, MongoClient } from 'mongodb'
import { parse } from 'yaml'
import { ownFolder } from '../../support/folder.ts'
import { freePort, programOfMongo } from '../../support/mongod.ts'
import { runScript } from '../../support/process.ts'
import { testsWhere } from '../../support/where.ts'

interface Service {
  command: string[]
  environment: Record<string, string>
  healthcheck: { test: string[] }
}

const at = ownFolder('compose')
const program = programOfMongo()
const { where, name } = testsWhere(program !== undefined, 'there is no mongod to start')

/** Its services at ports that are free here. */
function readCompose(ports: { mongodb: number; server: number }) {
  const text = readFileSync('deploy/compose.yaml', 'utf8')
    .replaceAll('27017', String(ports.mongodb))
    .replaceAll('8080', String(ports.server))
  return (parse(text) as { services: { mongodb: Service; server: Service } }).services
}

/** What mongosh does with it: there every call is awaited by itself. Ends with the exit code. */
async function shell(script: string, port: number): Promise<number> {
  const url = `mongodb://127.0.0.1:${port}/?directConnection=true`
  const client = await new MongoClient(url, { serverSelectionTimeoutMS: 10_000 }).connect()
  const admin = (command: Document) => client.db('admin').command(command)
  class Quit extends Error {}
  const context = {
    rs: {
      status: () => admin({ replSetGetStatus: 1 }),
      initiate: (config: Document) => admin({ replSetInitiate: config }),
    },
    db: { hello: () => admin({ hello: 1 }) },
    quit(code: number) {
      throw new Quit(String(code))
    },
  }
  const awaited = script.replaceAll(/\b(?:rs|db)\.\w+\((?:[^()]*)\)/g, call => `(await ${call})`)
  try {
    await runInNewContext(`(async () => { ${awaited} })()`, context)
    return 0
  } catch (error) {
    if (error instanceof Quit) return Number(error.message)
    throw error
  } finally {
    await client.close()
  }
}

async function until(what: () => Promise<boolean> | boolean): Promise<void> {
  for (const end = performance.now() + 30_000; !(await what()); await wait(100))
    if (performance.now() > end) throw new Error('it did not come true in time')
}

where(
  name('what compose.yaml starts becomes healthy, in its order'),
  async () => {
    const ports = { mongodb: await freePort(), server: await freePort() }
    const { mongodb, server } = readCompose(ports)
    mkdirSync(at('db'))
    const [name, ...flags] = mongodb.command
    expect(name).toBe('mongod')
    const mongod = spawn(program ?? '', [...flags, '--dbpath', at('db')], { stdio: 'ignore' })
    const ended = new Promise(resolve => mongod.once('exit', resolve))
    try {
      const [kind, client, ...more] = mongodb.healthcheck.test
      expect([kind, client, more.slice(0, -1)]).toEqual([
        'CMD',
        'mongosh',
        ['--quiet', '--norc', '--eval'],
      ])
      const script = more.at(-1) ?? ''
      // Made a set by the first, which may be too early for a primary; then healthy, and it stays so.
      await until(async () => (await shell(script, ports.mongodb)) === 0)
      expect(await shell(script, ports.mongodb)).toBe(0)

      const env = { ...server.environment, PORT: String(ports.server), DATA_DIR: at('data') }
      const running = runScript('main', [], env)
      const [, ...check] = server.healthcheck.test
      const isHealthy = () =>
        spawnSync(process.execPath, check.slice(1), { timeout: 6000 }).status === 0
      expect(check[0]).toBe('node')
      expect(isHealthy()).toBe(false)
      await running.says(/listens on/)
      expect(isHealthy()).toBe(true)
      running.child.kill('SIGTERM')
      expect(await running.ended).toBe(0)
      expect(isHealthy()).toBe(false)
    } finally {
      mongod.kill()
      await ended
    }
  },
  120_000,
)

/** What deploy/ and the Dockerfile start is what the program takes. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { placeOf, readConfig, settings } from '../server/config.ts'
import { ownFolder } from './support/folder.ts'
import { freePort } from './support/mongod.ts'

interface Service {
  environment?: Record<string, string>
  command?: string[]
  volumes: string[]
  healthcheck: { test: string[] }
  read_only: boolean
  cap_drop: string[]
  network_mode: string
  depends_on?: Record<string, { condition: string }>
}

const { services, volumes } = parse(readFileSync('deploy/compose.yaml', 'utf8')) as {
  services: { server: Service; mongodb: Service }
  volumes: Record<string, unknown>
}
const { server, mongodb } = services

describe('deploy/compose.yaml', () => {
  test('gives the server settings that it has, and that are right', () => {
    const { environment = {} } = server
    const known = Object.values(settings).map(({ variable }) => variable as string)
    expect(known).toEqual(expect.arrayContaining(Object.keys(environment)))
    const config = readConfig(environment)
    expect(placeOf(config)).toEqual({ kind: 'mongo' })
    expect(config.timeZone).toBe('Asia/Kolkata')
  })

  test('starts the replica set that the server asks for, on loopback alone', () => {
    const { host, searchParams } = new URL(server.environment?.STORE_URL ?? '')
    const flags = Object.fromEntries((mongodb.command ?? []).map(flag => flag.split('=')))
    expect(flags).toMatchObject({ '--bind_ip': '127.0.0.1' })
    expect(host).toBe(`127.0.0.1:${flags['--port']}`)
    expect(searchParams.get('replicaSet')).toBe(flags['--replSet'])
    const [initiate = ''] = mongodb.healthcheck.test.slice(-1)
    expect(initiate).toContain(`_id: '${flags['--replSet']}'`)
    expect(initiate).toContain(`host: '${host}'`)
    expect(server.depends_on).toEqual({ mongodb: { condition: 'service_healthy' } })
  })

  test('asks the server where it listens whether it is ready', () => {
    const { port } = readConfig(server.environment ?? {})
    expect(server.healthcheck.test.at(-1)).toContain(`127.0.0.1:${port}/health/ready`)
  })

  test.each(Object.entries(services))('gives %s nothing to write but its volumes', (_, service) => {
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], network_mode: 'host' })
    const names = service.volumes.map(volume => volume.split(':')[0] ?? '')
    expect(Object.keys(volumes)).toEqual(expect.arrayContaining(names))
  })
})

describe('the image', () => {
  const at = ownFolder('image')
  const app = at('app')

  /** Each instruction of the Dockerfile, with what follows it. */
  const instructions = readFileSync('Dockerfile', 'utf8')
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .map(line => /^(\w+) (.*)$/.exec(line.trim()))
    .flatMap(found => (found ? [{ word: found[1] ?? '', rest: found[2] ?? '' }] : []))
  const all = (word: string) =>
    instructions.filter(each => each.word === word).map(({ rest }) => rest)
  const argumentsOf = (text = ''): string[] => JSON.parse(text.slice(text.indexOf('[')))

  /** What .dockerignore lets through. */
  function copyAll(): void {
    const lines = readFileSync('.dockerignore', 'utf8')
      .split('\n')
      .filter(line => line && !line.startsWith('#'))
    expect(lines[0]).toBe('*')
    for (const line of lines.slice(1))
      if (line.startsWith('!')) cpSync(line.slice(1), join(app, line.slice(1)), { recursive: true })
      else rmSync(join(app, line), { force: true })
  }

  test('is built from an empty folder, starts without what is left behind, and is healthy', async () => {
    mkdirSync(app)
    const [files = ''] = all('COPY')
    for (const file of files.split(' ').slice(0, -1)) copyFileSync(file, join(app, file))
    const [build = '', libraries = ''] = all('RUN')
    expect(build).toMatch(/^npm ci --omit=dev .* -L node_modules\/\.bin\/node \/node /)
    expect(libraries).toMatch(/libatomic1 libstdc\+\+6/)
    // What was installed here is in npm's own cache.
    const env = { ...process.env, npm_config_prefer_offline: 'true' }
    const script = build.replace(' /node ', ` ${at('node')} `)
    execFileSync('sh', ['-ec', script], { cwd: app, env, stdio: 'pipe' })
    copyAll()
    expect(existsSync(join(app, 'node_modules/typescript'))).toBe(false)

    const own = { PATH: dirname(at('node')), DATA_DIR: at('data'), NODE_ENV: 'production' }
    expect(all('ENV')).toEqual([`NODE_ENV=production DATA_DIR=/data`])
    const [node = '', ...start] = argumentsOf(all('CMD').at(-1))
    const [client, ...check] = argumentsOf(all('HEALTHCHECK').at(-1))
    expect([node, client]).toEqual(['node', 'node'])
    const where = { cwd: app, env: { ...own, PORT: String(await freePort()) } }
    const isHealthy = () => spawnSync(at('node'), check, where).status === 0
    const server = spawn(at('node'), start, { ...where, stdio: ['ignore', 'pipe', 'pipe'] })
    const ended = new Promise(resolve => server.once('exit', resolve))
    await new Promise<void>((resolve, reject) => {
      server.stdout.on('data', text => String(text).includes('listens on') && resolve())
      server.stderr.on('data', text => reject(new Error(String(text))))
    })
    expect(isHealthy()).toBe(true)
    server.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect(isHealthy()).toBe(false)
  }, 180_000)
})

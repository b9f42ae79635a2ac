/** What deploy/ starts is what the program takes. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { placeOf, readConfig, settings } from '../server/config.ts'

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

import { expect, test } from '@jest/globals'
import { createLog } from '../../server/log.ts'
import { ownFolder } from '../support/folder.ts'
import { startServer } from '../support/process.ts'
import { lasting } from '../support/stores.ts'

const at = ownFolder('log')

test('a request is one line of JSON: ids, tenant, interaction, status and time, and nothing of what it holds', async () => {
  const server = await startServer({ ...lasting(at('data')), LOG_LEVEL: 'info' })
  const secrets = ['Kulkarni', '9876543210', '2345-6789-0123']
  const [family, phone, aadhaar] = secrets
  const body = JSON.stringify({
    resourceType: 'Patient',
    name: [{ family }],
    telecom: [{ system: 'phone', value: phone }],
    identifier: [{ value: aadhaar }],
  })
  const headers = { 'Content-Type': 'application/fhir+json', 'X-Request-Id': 'r-1' }
  await fetch(`${server.url}/Patient`, { method: 'POST', headers, body })
  await fetch(`${server.url}/Patient?name=${family}&phone=${phone}`, { headers })
  await fetch(`${server.url}/Patient?wings=${aadhaar}`, { headers })
  await fetch(`${server.url}/Patient/${aadhaar}`, { headers })
  await server.stop()
  const lines = server
    .output()
    .split('\n')
    .filter(line => line.startsWith('{'))
  const logged = lines.map(line => JSON.parse(line))
  expect(logged.map(({ interaction, type, status }) => [interaction, type, status])).toEqual([
    ['create', 'Patient', 201],
    ['search-type', 'Patient', 200],
    ['search-type', 'Patient', 400],
    ['read', 'Patient', 404],
  ])
  for (const line of logged)
    expect(line).toMatchObject({
      request: 'r-1',
      tenant: 'default',
      level: 30,
      time: expect.any(Number),
      ms: expect.any(Number),
    })
  for (const secret of secrets) expect(server.output()).not.toContain(secret)
})

test('a server whose log nobody reads any more goes on', async () => {
  const server = await startServer({ ...lasting(at('unread')), LOG_LEVEL: 'info' })
  server.child.stdout?.destroy()
  for (let n = 0; n < 5; n++) {
    expect((await fetch(`${server.url}/Patient`)).status).toBe(200)
    await new Promise(resolve => setTimeout(resolve, 250))
  }
  expect(await server.stop()).toBe(0)
})

test('where errors of standard output are heard of already, the log does not listen once more', () => {
  const listen = () => {}
  process.stdout.on('error', listen)
  const before = process.stdout.listenerCount('error')
  createLog('silent')
  expect(process.stdout.listenerCount('error')).toBe(before)
  process.stdout.off('error', listen)
})

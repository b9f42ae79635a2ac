import { expect, test } from '@jest/globals'
import type { OperationOutcome } from 'fhir/r4'
import { ownFolder } from '../support/folder.ts'
import { startServer } from '../support/process.ts'

const colour = 'http://example.org/colour'
const parameter = {
  resourceType: 'SearchParameter',
  id: 'colour',
  url: 'http://example.org/SearchParameter/colour',
  name: 'colour',
  status: 'active',
  description: 'Colour of the file',
  code: 'colour',
  base: ['Patient'],
  type: 'token',
  expression: `Patient.extension('${colour}').value`,
}

const inFolder = ownFolder('reindex')
const patients = 30_000
const patient = (n: number, code: string) => ({
  resourceType: 'Patient',
  id: `p${n}`,
  extension: [{ url: colour, valueCode: code }],
})

async function call(url: string, method: string, body?: object) {
  const answer = await fetch(url, {
    method,
    headers: { 'Content-Type': 'application/fhir+json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  return { status: answer.status, body: (await answer.json().catch(() => ({}))) as object }
}

async function fill(url: string): Promise<void> {
  for (let from = 0; from < patients; from += 500) {
    const entry = Array.from({ length: 500 }, (_, n) => ({
      resource: patient(from + n, 'red'),
      request: { method: 'PUT', url: `Patient/p${from + n}` },
    }))
    const bundle = { resourceType: 'Bundle', type: 'transaction', entry }
    expect((await call(url, 'POST', bundle)).status).toBe(200)
  }
}

const ask = (url: string, code: string) =>
  call(`${url}/Patient?colour=${code}&_summary=count`, 'GET')

/** How many are found, as soon as the parameter can be searched by; and what it said until then. */
async function counted(url: string, code: string) {
  const percents: number[] = []
  for (;;) {
    const { status, body } = await ask(url, code)
    if (status === 200) return { total: (body as { total: number }).total, percents }
    const text = (body as OperationOutcome).issue[0]?.diagnostics ?? ''
    expect(status).toBe(422)
    percents.push(Number(/(\d+) % is done/.exec(text)?.[1]))
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

test('a reindex goes on where it was after kill -9, and misses nothing', async () => {
  const DATA_DIR = inFolder('data')
  let server = await startServer({ DATA_DIR })
  try {
    await fill(server.url)
    expect((await call(`${server.url}/SearchParameter/colour`, 'PUT', parameter)).status).toBe(201)
    let percent = 0
    while (percent < 10) {
      const { status, body } = await ask(server.url, 'red')
      expect(status).toBe(422)
      const text = (body as OperationOutcome).issue[0]?.diagnostics ?? ''
      percent = Number(/(\d+) % is done/.exec(text)?.[1])
    }
    server.child.kill('SIGKILL')
    await server.ended

    server = await startServer({ DATA_DIR })
    const blue = new Set<number>()
    let going = true
    const client = async (own: number) => {
      for (let n = own; going && n < patients; n += 8) {
        // A write that leaves the value as it is adds no row for it.
        const after = own % 2 ? patient(n, 'blue') : { ...patient(n, 'red'), gender: 'female' }
        const answer = await call(`${server.url}/Patient/p${n}`, 'PUT', after)
        expect(answer.status).toBe(200)
        if (own % 2) blue.add(n)
      }
    }
    const clients = Array.from({ length: 8 }, (_, own) => client(own))
    const { percents } = await counted(server.url, 'red')
    going = false
    await Promise.all(clients)
    expect(percents[0]).toBeGreaterThanOrEqual(percent)
    expect((await counted(server.url, 'red')).total).toBe(patients - blue.size)
    expect((await counted(server.url, 'blue')).total).toBe(blue.size)

    // The rows of a removed one go, too, whatever happens on the way.
    expect((await call(`${server.url}/SearchParameter/colour`, 'DELETE')).status).toBe(204)
    server.child.kill('SIGKILL')
    await server.ended
    server = await startServer({ DATA_DIR })
    expect((await ask(server.url, 'red')).status).toBe(400)
    expect((await call(`${server.url}/SearchParameter/colour`, 'PUT', parameter)).status).toBe(201)
    expect((await counted(server.url, 'red')).total).toBe(patients - blue.size)
  } finally {
    await server.stop()
  }
}, 120_000)

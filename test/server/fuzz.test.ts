import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type App, startApp } from '../support/app.ts'
import { noHttp, patientIds, type Shot, shots } from '../support/fuzz.ts'

/** To play a failing run again: FUZZ_SEED=… npm test -- fuzz. */
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31))
const count = 20_000
const atOnce = 32
const patience = 20_000

let app: App
const agent = new Agent({ keepAlive: true, maxSockets: atOnce })
const known =
  '{"resourceType":"Basic","id":"known","code":{"text":"kept"},"extension":[{"url":"http://example.org/d","valueDecimal":1.00}]}'

beforeAll(async () => {
  app = await startApp()
  for (const id of patientIds) {
    const name = [{ use: 'usual', given: ['x', 'y'] }]
    const answer = await fire({
      method: 'PUT',
      path: `/fhir/Patient/${id}`,
      headers: { 'Content-Type': 'application/fhir+json' },
      body: Buffer.from(JSON.stringify({ resourceType: 'Patient', id, name })),
    })
    expect(answer.status).toBe(201)
  }
  const { status } = await fire({
    method: 'PUT',
    path: '/fhir/Basic/known',
    headers: { 'Content-Type': 'application/fhir+json' },
    body: Buffer.from(known),
  })
  expect(status).toBe(201)
})
afterAll(async () => {
  agent.destroy()
  await app.close()
})

interface Answer {
  status: number
  type: string
  text: string
}

/** An answer to HEAD tells how its body would be packed, and has none. */
function unpack(body: Buffer, encoding: string | undefined): Buffer {
  if (body.length === 0) return body
  return encoding === 'gzip'
    ? gunzipSync(body)
    : encoding === 'br'
      ? brotliDecompressSync(body)
      : body
}

function fire({ method, path, headers, body }: Shot): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(app.url)
    const sent = request(
      {
        hostname,
        port,
        method,
        path,
        agent,
        headers: { ...headers, ...(body ? { 'Content-Length': body.length } : {}) },
      },
      response => {
        const chunks: Buffer[] = []
        response.on('data', chunk => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          clearTimeout(late)
          try {
            resolve({
              status: response.statusCode ?? 0,
              type: response.headers['content-type'] ?? '',
              text: unpack(Buffer.concat(chunks), response.headers['content-encoding']).toString(),
            })
          } catch (error) {
            reject(error)
          }
        })
      },
    )
    const late = setTimeout(() => sent.destroy(new Error('no answer in time')), patience)
    sent.on('error', error => {
      clearTimeout(late)
      reject(error)
    })
    sent.end(body)
  })
}

/** What is wrong with an answer; absent: nothing. */
function complaint({ method }: Shot, { status, type, text }: Answer): string | undefined {
  if (status >= 500 || status < 200) return `${status} ${text}`
  if (method === 'HEAD') return text === '' ? undefined : `a body of ${text.length}`
  if (status < 400) return undefined
  if (!type.startsWith('application/fhir+json')) return `${status} as ${type || 'nothing'}`
  const { resourceType, issue } = JSON.parse(text) as {
    resourceType: string
    issue: { severity: string; code: string; diagnostics: string }[]
  }
  return resourceType === 'OperationOutcome' && issue.length > 0 && issue.every(each => each.code)
    ? undefined
    : `${status} without an issue: ${text}`
}

const shown = ({ method, path, headers, body }: Shot): string =>
  `${method} ${path} ${JSON.stringify(headers)} ${body?.toString().slice(0, 2000) ?? ''}`

test(`${count} malformed requests and mutated resources answer below 500, with an outcome (seed ${seed})`, async () => {
  const list = shots(seed, count)
  const wrong: string[] = []
  const statuses = new Map<number, number>()
  let next = 0
  const work = async () => {
    for (let index = next++; index < list.length && wrong.length < 5; index = next++) {
      const shot = list[index] as Shot
      try {
        const answer = await fire(shot)
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
        const said = complaint(shot, answer)
        if (said) wrong.push(`shot ${index}: ${said}\n${shown(shot)}`)
      } catch (error) {
        wrong.push(`shot ${index}: ${error}\n${shown(shot)}`)
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  expect({ seed, wrong }).toEqual({ seed, wrong: [] })
  // The shots reach what they are meant for: some are accepted, and each kind of refusal is there.
  for (const status of [200, 201, 400, 404, 405, 406, 413, 415, 422])
    expect([status, (statuses.get(status) ?? 0) > 0]).toEqual([status, true])
}, 300_000)

test(`what is hardly HTTP is answered and closed (seed ${seed})`, async () => {
  const { hostname, port } = new URL(app.url)
  const answers = noHttp(seed, 300).map(
    bytes =>
      new Promise<string>((resolve, reject) => {
        const socket = connect(Number(port), hostname)
        let text = ''
        socket.setTimeout(patience, () => socket.destroy(new Error(`silence after ${bytes}`)))
        socket.on('data', chunk => {
          text += chunk
        })
        // The server may close before all is sent.
        socket.on('error', (error: NodeJS.ErrnoException) =>
          error.code === 'EPIPE' || error.code === 'ECONNRESET' ? resolve(text) : reject(error),
        )
        socket.on('close', () => resolve(text))
        socket.end(bytes)
      }),
  )
  const texts = await Promise.all(answers)
  const statuses = texts.flatMap(text => [...text.matchAll(/^HTTP\/1\.1 (\d+)/gm)])
  for (const [, status] of statuses) expect(Number(status)).toBeLessThan(500)
  // A connection that is closed at once has no answer, but those are few.
  expect(statuses.length).toBeGreaterThan(texts.length / 2)
}, 60_000)

test('afterwards the server still serves, and what was there is as it was', async () => {
  const { status, text } = await fire({ method: 'GET', path: '/fhir/Basic/known', headers: {} })
  expect(status).toBe(200)
  expect(text).toContain('"valueDecimal":1.00')
  expect(JSON.parse(text)).toMatchObject({ ...JSON.parse(known), meta: { versionId: '1' } })
  const created = await fire({
    method: 'POST',
    path: '/fhir/Patient',
    headers: { 'Content-Type': 'application/fhir+json' },
    body: Buffer.from('{"resourceType":"Patient"}'),
  })
  expect(created.status).toBe(201)
  expect((await fire({ method: 'GET', path: '/health/ready', headers: {} })).status).toBe(200)
  expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  expect(Object.keys(Object.prototype)).toEqual([])
})

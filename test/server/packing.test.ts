import { request as open } from 'node:http'
import {
  brotliCompressSync,
  brotliDecompressSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type App, startApp } from '../support/app.ts'
import { patient, put, send } from '../support/make.ts'

let app: App
beforeAll(async () => {
  app = await startApp({ MAX_BODY: '64KiB', MAX_KEYS: '1000', MAX_STRING: '30KiB' })
  await put(app, patient({ id: 'long', name: [{ text: 'आशा कुलकर्णी '.repeat(300) }] }))
  await put(app, patient({ id: 'short' }))
})
afterAll(() => app.close())

/** The answer as its bytes came. */
const raw = (path: string, accept: string): Promise<{ encoding: string; bytes: Buffer }> =>
  new Promise((resolve, reject) => {
    const headers = { 'Accept-Encoding': accept }
    const asked = open(`${app.url}/fhir/${path}`, { headers }, answer => {
      const chunks: Buffer[] = []
      answer.on('data', chunk => chunks.push(chunk))
      answer.on('end', () => {
        const { 'content-encoding': encoding = '' } = answer.headers
        resolve({ encoding, bytes: Buffer.concat(chunks) })
      })
    })
    asked.on('error', reject).end()
  })

describe('an answer', () => {
  test.each([
    ['br', 'br', brotliDecompressSync],
    ['gzip', 'gzip', gunzipSync],
    ['gzip, deflate, br', 'gzip', gunzipSync],
    ['gzip;q=0.5, br', 'br', brotliDecompressSync],
    ['br;q=0, gzip', 'gzip', gunzipSync],
  ])('of more than 1 kB comes packed for Accept-Encoding: %s', async (accept, wanted, unpack) => {
    const plain = await raw('Patient/long', 'identity')
    expect(plain.encoding).toBe('')
    const { encoding, bytes } = await raw('Patient/long', accept)
    expect(encoding).toBe(wanted)
    expect(bytes.length).toBeLessThan(plain.bytes.length / 4)
    expect(unpack(bytes)).toEqual(plain.bytes)
  })

  test('that is short, or for whom did not ask, comes as it is', async () => {
    expect((await raw('Patient/short', 'br, gzip')).encoding).toBe('')
    expect((await raw('Patient/long', 'zip')).encoding).toBe('')
  })
})

describe('a body', () => {
  const packers = {
    gzip: gzipSync,
    deflate: deflateSync,
    br: brotliCompressSync,
    zstd: zstdCompressSync,
  }
  const names = Object.keys(packers) as (keyof typeof packers)[]
  const packed = (body: object, by: keyof typeof packers) =>
    fetch(`${app.url}/fhir/Patient`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/fhir+json', 'Content-Encoding': by },
      body: new Uint8Array(packers[by](JSON.stringify(body))),
    })

  test.each(names)('may come packed by %s', async by => {
    const name = [{ text: 'शिंदे' }]
    const answer = await packed(patient({ name }), by)
    expect(answer.status).toBe(201)
    expect(((await answer.json()) as { name: unknown }).name).toEqual(name)
  })

  test.each(names)('packed by %s is held to MAX_BODY as it is unpacked', async by => {
    const answer = await packed(patient({ name: [{ text: 'a'.repeat(100_000) }] }), by)
    expect([answer.status, await answer.text()]).toEqual([413, expect.stringContaining('MAX_BODY')])
  })

  test('packed in another way answers 415 and is told which there are', async () => {
    const headers = { 'Content-Encoding': 'compress' }
    const { status, text } = await send(app, ['POST', 'Patient'], 'x', { headers })
    expect(status).toBe(415)
    for (const by of names) expect(text).toContain(by)
  })

  test('with more keys than MAX_KEYS, or a longer string than MAX_STRING, answers 413 naming it', async () => {
    const name = Array.from({ length: 1001 }, () => ({ text: 'a' }))
    const keys = await send(app, ['POST', 'Patient'], patient({ name }))
    expect([keys.status, keys.text]).toEqual([413, expect.stringContaining('MAX_KEYS')])
    const long = await send(app, ['POST', 'Patient'], patient({ language: 'a'.repeat(31_000) }))
    expect([long.status, long.text]).toEqual([413, expect.stringContaining('MAX_STRING')])
  })
})

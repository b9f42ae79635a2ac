import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createProgress, describe as picture } from '../../server/import/progress.ts'
import { type App, startApp } from '../support/app.ts'
import { runScript } from '../support/process.ts'

const folder = mkdtempSync(join(tmpdir(), 'nidaan-import-'))
const at = (name: string) => join(folder, name)

function file(name: string, content: string | Buffer): string {
  writeFileSync(at(name), content)
  return at(name)
}

const lines = (...content: (object | string)[]): string =>
  content.map(each => (typeof each === 'string' ? each : JSON.stringify(each))).join('\n')

let app: App
beforeAll(async () => {
  app = await startApp()
})
afterAll(async () => {
  await app.close()
  await rm(folder, { recursive: true, force: true })
})

/** Runs the command against the server and waits for its end. */
async function load(...args: string[]): Promise<{ code: number | string; output: string }> {
  const run = runScript('import', ['--to', `${app.url}/fhir`, ...args], { DATA_DIR: at('data') })
  return { code: await run.ended, output: run.output() }
}

const get = async (path: string) => (await app.request.get(`/fhir/${path}`)).body
const countOf = async (type: string, query = '') =>
  (await get(`${type}?_summary=count&${query}`)).total

const patient = (id: string, more: object = {}) => ({ resourceType: 'Patient', id, ...more })

describe('what is loaded', () => {
  test('resources of an NDJSON file, under their ids, digits kept', async () => {
    const observation =
      '{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.500}}'
    const { code, output } = await load(
      file('plain.ndjson', `${lines(patient('n1'), observation)}\n\n`),
    )
    expect({ code, output }).toMatchObject({
      code: 0,
      output: expect.stringMatching(/2 resources loaded/),
    })
    expect((await app.request.get('/fhir/Observation/o1')).text).toContain('"value":1.500}')
  })

  test('a document of many lines, packed, whose entries link by urn:uuid', async () => {
    const bundle = {
      resourceType: 'Bundle',
      type: 'collection',
      entry: [
        {
          fullUrl: 'urn:uuid:7c0a7d0e-0000-4000-8000-000000000001',
          resource: { resourceType: 'Patient' },
        },
        {
          fullUrl: 'urn:uuid:7c0a7d0e-0000-4000-8000-000000000002',
          resource: {
            resourceType: 'Observation',
            status: 'final',
            code: { text: 'x' },
            subject: { reference: 'urn:uuid:7c0a7d0e-0000-4000-8000-000000000001' },
          },
        },
      ],
    }
    const packed = gzipSync(JSON.stringify(bundle, undefined, 2))
    expect(await load(file('pretty.json.gz', packed))).toMatchObject({ code: 0 })
    const read = await get('Observation/7c0a7d0e-0000-4000-8000-000000000002')
    expect(read.subject.reference).toBe('Patient/7c0a7d0e-0000-4000-8000-000000000001')
  })

  test('a transaction whose creates are conditional stays conditional', async () => {
    const bundle = {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [
        {
          resource: {
            resourceType: 'Organization',
            identifier: [{ system: 'urn:x', value: 'once' }],
          },
          request: { method: 'POST', url: 'Organization', ifNoneExist: 'identifier=urn:x|once' },
        },
      ],
    }
    expect(await load(file('once.ndjson', lines(bundle, bundle)))).toMatchObject({ code: 0 })
    expect(await countOf('Organization')).toBe(1)
  })

  test('two lines of one resource are written in their order', async () => {
    const versions = Array.from({ length: 30 }, (_, n) =>
      patient('twice', { identifier: [{ value: `v${n}` }] }),
    )
    expect(await load('--parallel', '16', file('order.ndjson', lines(...versions)))).toMatchObject({
      code: 0,
    })
    const { entry } = await get('Patient/twice/_history?_count=100')
    expect(entry.map((e: any) => e.resource.identifier[0].value)).toEqual(
      versions.map((_, n) => `v${29 - n}`),
    )
  })

  test('standard input', async () => {
    const run = runScript('import', ['--to', `${app.url}/fhir`, '-'], { DATA_DIR: at('data') })
    run.child.stdin?.end(lines(patient('from-stdin')))
    expect(await run.ended).toBe(0)
    expect(await get('Patient/from-stdin')).toMatchObject({ id: 'from-stdin' })
  })

  test('again changes nothing, also what had no ids', async () => {
    const name = file('again.ndjson', lines({ resourceType: 'Device' }, { resourceType: 'Device' }))
    await load(name)
    await load(name)
    expect(await countOf('Device')).toBe(2)
    const { entry } = await get('Device/_history')
    expect(entry).toHaveLength(2)
  })
})

describe('what is refused', () => {
  const bad = [
    patient('b1'),
    '{"resourceType":"Patient","id":"b2","gender":"secret-gender"}',
    'no json',
    { resourceType: 'Bundle', type: 'history' },
    { resourceType: 'Nothing' },
    '"text"',
    patient('b7'),
  ]

  test('is named by file and line, never by value, and skipped where asked', async () => {
    const name = file('skip.ndjson', lines(...bad))
    const { code, output } = await load('--on-error', 'skip', '--errors', at('errors'), name)
    expect(code).toBe(1)
    for (const line of [2, 3, 4, 5, 6]) expect(output).toMatch(new RegExp(`skip.ndjson:${line}: `))
    expect(output).toMatch(/:2: .*Patient\.gender/)
    expect(output).not.toContain('secret-gender')
    expect(output).toMatch(/2 resources loaded .*, 5 refused/)
    expect(await countOf('Patient', '_id=b1,b7')).toBe(2)
    const reports = readFileSync(at('errors'), 'utf8').trim().split('\n')
    expect(reports.map(text => JSON.parse(text).line).sort()).toEqual([2, 3, 4, 5, 6])
  })

  test('stops the import by default; mended, it goes on from there', async () => {
    const name = file('stop.ndjson', lines(patient('s1'), 'no json', patient('s3')))
    expect(await load(name)).toMatchObject({
      code: 1,
      output: expect.stringMatching(/stop.ndjson:2: .*\n.*stopped after line 1/s),
    })
    expect(await countOf('Patient', '_id=s1,s3')).toBe(1)
    expect(await load('--on-error', 'skip', name)).toMatchObject({
      output: expect.stringMatching(/going on after line 1/),
    })
    expect(await countOf('Patient', '_id=s1,s3')).toBe(2)
  })

  test('bytes that are no UTF-8 are a bad line', async () => {
    const bytes = Buffer.concat([Buffer.from([0xff, 0xfe, 10]), Buffer.from(lines(patient('u2')))])
    expect(await load('--on-error', 'skip', file('latin.ndjson', bytes))).toMatchObject({
      output: expect.stringMatching(/latin.ndjson:1: the line is not valid UTF-8/),
    })
    expect(await get('Patient/u2')).toMatchObject({ id: 'u2' })
  })

  test.each([
    [[], /which file/],
    [['/nowhere/x.ndjson'], /is not there/],
    [['--on-error', 'guess', 'x'], /--on-error takes/],
    [['--parallel', '0', 'x'], /--parallel takes/],
    [['--to', 'nowhere', 'x'], /--to takes/],
    [['--wrong'], /wrong/],
  ])('arguments %j are a misuse', async (args, words) => {
    const run = runScript('import', args)
    expect(await run.ended).toBe(2)
    expect(run.output()).toMatch(words)
  })
})

describe('a server that is busy', () => {
  test('is waited for as it asks', async () => {
    let asked = 0
    const server = createServer((request, response) => {
      request.resume().on('end', () => {
        if (++asked < 3) response.writeHead(503, { 'Retry-After': '1' }).end()
        else response.end('{"resourceType":"Bundle","entry":[{"response":{"status":"201"}}]}')
      })
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const name = file('busy.ndjson', lines(patient('p')))
    const run = runScript('import', ['--to', `http://127.0.0.1:${port}/fhir`, name], {
      DATA_DIR: at('data'),
    })
    expect(await run.ended).toBe(0)
    expect(asked).toBe(3)
    server.close()
  })
})

describe('progress', () => {
  const begun = { done: 0, part: 0, at: 0 }

  test('tells resources, speed and time left', () => {
    expect(picture(begun, { done: 500, part: 0.25, at: 2000 })).toBe(
      '██████░░░░░░░░░░░░░░░░░░ 25 %  500 resources, 250/s, 6 s left',
    )
    const unknown = { done: 500, part: undefined, at: 2000 }
    expect(picture(begun, unknown)).toBe('500 resources, 250/s')
    expect(picture(begun, { done: 2, part: 0.01, at: 2000 })).toMatch(/3 min 18 s left/)
  })

  test('is of this run and this file alone', () => {
    const resumed = { done: 8000, part: 0.5, at: 1000 }
    expect(picture(resumed, { done: 9000, part: 0.75, at: 2000 })).toMatch(
      /75 % {2}9000 resources, 1000\/s, 1 s left/,
    )
    const { shown, show, end, pass } = screen(100)
    show(0, 0)
    pass(10_000)
    show(10_000, 1)
    end()
    show(0, 0)
    pass(1000)
    show(50, 0.5)
    expect(shown()).toMatch(/50 % {2}50 resources, 50\/s, 1 s left/)
  })

  test.each([100, 60, 40, 20])('never wraps on a terminal of %i columns', columns => {
    const { shown, show, pass } = screen(columns)
    show(0, 0)
    pass(10_000)
    show(123_456, 0.125)
    expect(shown().length).toBeLessThan(columns)
    expect(shown()).toMatch(columns < 60 ? /^12 % {2}123456/ : /^[█░]+ 12 % {2}123456/)
  })
})

function screen(columns: number) {
  let last = ''
  let now = 0
  const write = (text: string) => {
    last = text
  }
  const out = { isTTY: true, columns, write }
  const { show, end } = createProgress(out as any, () => now)
  return {
    show,
    end,
    pass: (ms: number) => {
      now += ms
    },
    shown: () => last.slice(1, last.indexOf('\x1b')),
  }
}

import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
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

  test('a document of many lines of which one cannot be read is refused whole', async () => {
    const text =
      '{"resourceType":"Patient","id":"cut",\n"address":[{"text":"caf\xe9"}],\n"active":true}'
    const { code, output } = await load(file('cut.json', Buffer.from(text, 'latin1')))
    expect([code, output]).toEqual([1, expect.stringMatching(/cut\.json:1: 400 .*line 2 .*UTF-8/)])
    expect((await app.request.get('/fhir/Patient/cut')).status).toBe(404)
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

  test('is kept in the file of --errors when the import goes on', async () => {
    const name = file('kept.ndjson', lines('no json', patient('k2'), patient('k3')))
    const env = { DATA_DIR: at('data') }
    const first = runScript(
      'import',
      ['--to', 'http://127.0.0.1:9/fhir', '--on-error', 'skip', '--errors', at('kept'), name],
      env,
    )
    await first.says(/kept.ndjson:1: /)
    first.child.kill('SIGINT')
    expect(await first.ended).toBe(130)
    const again = runScript(
      'import',
      ['--to', 'http://127.0.0.1:9/fhir', '--on-error', 'skip', '--errors', at('kept'), name],
      env,
    )
    await again.says(/going on after line 1/)
    again.child.kill('SIGINT')
    await again.ended
    expect(readFileSync(at('kept'), 'utf8')).toMatch(/"line":1/)
  })

  test('stops the import before its first line where --errors cannot be written', async () => {
    const name = file('unwritten.ndjson', lines(patient('unwritten')))
    const { code, output } = await load('--errors', join(folder, 'nowhere/errors'), name)
    expect({ code, output }).toMatchObject({
      code: 1,
      output: expect.stringMatching(/^.*\nthe import stopped: .*nowhere\/errors.*\n$/),
    })
    expect(await countOf('Patient', '_id=unwritten')).toBe(0)
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
    [['--to', 'ftp://127.0.0.1/fhir', 'x'], /--to takes/],
    [['server'], /server is a folder: name its files, such as server\/\*/],
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

describe('interrupted', () => {
  const interrupt = async (run: ReturnType<typeof runScript>) => {
    const began = performance.now()
    run.child.kill('SIGINT')
    const code = await run.ended
    return { code, ms: performance.now() - began }
  }

  test('while it waits for standard input, it ends at once', async () => {
    const run = runScript('import', ['--to', `${app.url}/fhir`, '-'], { DATA_DIR: at('data') })
    run.child.stdin?.write(`${lines(patient('waits'))}\n`)
    await run.says(/loading into/)
    await new Promise(resolve => setTimeout(resolve, 200))
    const { code, ms } = await interrupt(run)
    expect(code).toBe(130)
    expect(ms).toBeLessThan(2000)
  })

  test('while the server is away, it ends at once, and says how to go on', async () => {
    const name = file('away.ndjson', lines(patient('away')))
    const run = runScript('import', ['--to', 'http://127.0.0.1:9/fhir', name], {
      DATA_DIR: at('data'),
    })
    await run.says(/loading into/)
    await new Promise(resolve => setTimeout(resolve, 500))
    const { code, ms } = await interrupt(run)
    expect(code).toBe(130)
    expect(ms).toBeLessThan(2000)
    expect(run.output()).toMatch(/away.ndjson: stopped after line 0; the same command goes on/)
  })
})

test('a packed file that is cut off is loaded as far as it goes, and named', async () => {
  const many = Array.from({ length: 3000 }, (_, n) =>
    patient(`cut-${n}`, { identifier: [{ value: randomUUID() }] }),
  )
  const packed = gzipSync(lines(...many))
  const name = file('cut.ndjson.gz', packed.subarray(0, packed.length * 0.9))
  const { code, output } = await load(name)
  expect(code).toBe(1)
  expect(output).toMatch(/cut.ndjson.gz: unexpected end of file\n.*stopped after line 2\d00;/)
  expect(output).not.toMatch(/cut.ndjson.gz:\d/)
})

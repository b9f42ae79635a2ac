/** The Synthea file through the real programs: loaded, interrupted, read back. */
import { createReadStream, existsSync, globSync, mkdtempSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { parseJson, printJson } from '../resources/json.ts'
import { runScript, startServer } from './support/process.ts'
import { lasting } from './support/stores.ts'

const data = '../shared/data/synthea-75.ndjson.gz'
const folder = mkdtempSync(join(tmpdir(), 'nidaan-e2e-'))

interface Resource {
  resourceType: string
  id: string
  subject?: { reference: string }
  [element: string]: unknown
}

/** What the file holds, as it should come back: references by urn:uuid name the resource. */
async function readData(): Promise<Map<string, Resource>> {
  const found = new Map<string, Resource>()
  const lines = createInterface({ input: createReadStream(data).pipe(createGunzip()) })
  for await (const line of lines) {
    const { entry } = JSON.parse(line)
    const types = new Map<string, string>(
      entry.map((e: any) => [e.fullUrl, `${e.resource.resourceType}/${e.resource.id}`]),
    )
    const linked = line.replaceAll(/"(urn:uuid:[0-9a-f-]{36})"/g, (whole, urn) =>
      types.has(urn) ? `"${types.get(urn)}"` : whole,
    )
    for (const { resource } of (parseJson(linked) as any).entry)
      found.set(`${resource.resourceType}/${resource.id}`, resource)
  }
  return found
}

/** Keys in order and without what the server sets, so that two prints are comparable digit by digit. */
function canonical(value: unknown): string {
  const sort = (each: unknown): unknown => {
    if (Array.isArray(each)) return each.map(sort)
    if (typeof each !== 'object' || each === null || JSON.isRawJSON(each)) return each
    const entries = Object.entries(each).filter(([key]) => key !== 'meta')
    return Object.fromEntries(
      entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, sort(item)]),
    )
  }
  return printJson(sort(value))
}

/** Whether a checkpoint says that the import has come some way. */
const hasCome = (folder: string): boolean =>
  globSync(join(folder, 'import', '*.json')).some(
    file => JSON.parse(readFileSync(file, 'utf8')).line > 0,
  )

const load = (env: Record<string, string>, ...args: string[]) =>
  runScript('import', [...args, data], env)

/** The file is no part of the project: who has only a clone is told so, and CI must have it. */
const missing = existsSync(data) ? '' : ` (left out: ${data} is not there)`
if (missing && process.env.CI) throw new Error(`${data} is not there`)
if (missing) console.warn(`the Synthea file${missing}`)
const describeGiven = missing ? describe.skip : describe

let file: Map<string, Resource>
beforeAll(async () => {
  if (!missing) file = await readData()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describeGiven(`the Synthea file${missing}`, () => {
  const env = lasting(join(folder, 'served'))
  let server: Awaited<ReturnType<typeof startServer>>
  beforeAll(async () => {
    server = await startServer(env)
  })
  afterAll(() => server.stop())

  const text = async (path: string) => {
    const response = await fetch(`${server.url}/${path}`)
    expect(response.status).toBe(200)
    return response.text()
  }
  const all = async (path: string): Promise<Resource[]> => {
    const found: Resource[] = []
    for (let next: string | undefined = path; next; ) {
      const page: any = parseJson(await text(next))
      found.push(...(page.entry ?? []).map((e: any) => e.resource))
      next = page.link.find((link: any) => link.relation === 'next')?.url
      next = next?.slice(server.url.length + 1)
    }
    return found
  }

  test('loads completely over HTTP while the server runs', async () => {
    const run = load(env, '--to', server.url)
    expect(await run.ended).toBe(0)
    expect(run.output()).toMatch(/16722 resources loaded/)
    const counts = Map.groupBy(file.values(), resource => resource.resourceType)
    for (const [type, resources] of counts) {
      const { total } = JSON.parse(await text(`${type}?_summary=count`))
      expect([type, total]).toEqual([type, resources.length])
    }
  }, 120_000)

  test('gives one patient whole: history and all results, digit by digit', async () => {
    const [name = '', patient] = [...file].find(([key]) => key.startsWith('Patient/')) ?? []
    expect(canonical(parseJson(await text(name)))).toBe(canonical(patient))
    const history = JSON.parse(await text(`${name}/_history`))
    expect(history.total).toBe(1)

    for (const type of ['Observation', 'DiagnosticReport', 'Encounter', 'Condition', 'Procedure']) {
      const mine = [...file.values()].filter(
        resource => resource.resourceType === type && resource.subject?.reference === name,
      )
      expect(mine.length).toBeGreaterThan(0)
      const found = await all(`${type}?patient=${patient?.id}&_count=17`)
      expect(found.map(canonical).sort()).toEqual(mine.map(canonical).sort())
    }
  })

  test('follows a report to its results', async () => {
    const report = [...file.values()].find(
      resource => resource.resourceType === 'DiagnosticReport' && resource.result,
    )
    const read = JSON.parse(await text(`DiagnosticReport/${report?.id}`))
    expect(read.result.length).toBeGreaterThan(0)
    for (const { reference } of read.result)
      expect(canonical(parseJson(await text(reference)))).toBe(canonical(file.get(reference)))
  })

  test('keeps every resource as it came', async () => {
    const types = Map.groupBy(file.values(), resource => resource.resourceType)
    for (const [type, resources] of types) {
      const found = await all(`${type}?_count=1000`)
      expect(found.map(canonical).sort()).toEqual(resources.map(canonical).sort())
    }
  })
})

describeGiven(`an import that is killed${missing}`, () => {
  test('goes on where it was, and everything is there once', async () => {
    const at = join(folder, 'killed')
    const env = { ...lasting(at), PORT: '1' }
    const first = load(env)
    await first.says(/loading into the database/)
    while (!hasCome(at)) await new Promise(resolve => setTimeout(resolve, 10))
    first.child.kill('SIGKILL')
    expect(await first.ended).toBe('SIGKILL')
    const second = load(env)
    expect(await second.ended).toBe(0)
    expect(second.output()).toMatch(/going on after line \d/)

    const server = await startServer({ ...env, PORT: '0' })
    const counts = Map.groupBy(file.values(), resource => resource.resourceType)
    for (const [type, resources] of counts) {
      const answer = await fetch(`${server.url}/${type}?_summary=count`)
      const count: any = await answer.json()
      expect([type, count.total]).toEqual([type, resources.length])
    }
    // Every version there is, is the first of its resource.
    let versions = 0
    for (let next: string | undefined = `${server.url}/_history?_count=1000`; next; ) {
      const page: any = await (await fetch(next)).json()
      for (const { response } of page.entry) expect(response.etag).toBe('W/"1"')
      versions += page.entry.length
      next = page.link.find((link: any) => link.relation === 'next')?.url
    }
    expect(versions).toBe(file.size)
    await server.stop()
  }, 120_000)
})

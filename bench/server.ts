/** The whole server as its own process, durable, beside a bare Express route and a bare fsync on the same machine. */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Child, cpuOf, memoryOf, startChild, startNidaan } from './child.ts'
import { bodiesOf, type Data } from './data.ts'
import { keepingOf, type StoreName } from './keeping.ts'
import { type Load, load, type Send } from './load.ts'
import { median, type Row } from './row.ts'

export interface Options {
  seconds: number
  repeat: number
  store: StoreName
}

/** A measurement with the CPU for each request, of the server and the database beside it. */
interface Measured extends Load {
  cpu: number | undefined
}

/** The server, and what works for it. */
interface Server extends Child {
  beside?: number[]
}

async function measured(server: Server, run: () => Promise<Load>): Promise<Measured> {
  const all = [server.pid, ...(server.beside ?? [])]
  const used = () => all.reduce((ms, pid) => ms + (cpuOf(pid) ?? Number.NaN), 0)
  const before = used()
  const result = await run()
  const cpu = (used() - before) / result.requests
  return { ...result, cpu: Number.isNaN(cpu) ? undefined : cpu }
}

const middle = (runs: Measured[]): Measured =>
  runs.toSorted((a, b) => a.rate - b.rate)[Math.floor(runs.length / 2)] as Measured

const rowOf = (what: string, { rate, p50, p99, cpu, errors }: Measured, note = ''): Row => ({
  what,
  unit: '/s',
  value: rate,
  p50,
  p99,
  cpu,
  note: [note, errors ? `${errors} errors` : ''].filter(Boolean).join('; '),
})

export async function wholeServer(data: Data, options: Options): Promise<Row[]> {
  const keeping = keepingOf(options.store)
  const start = async (): Promise<Server> => ({
    ...(await startNidaan(keeping.env)),
    beside: keeping.pids,
  })
  const size = async (
    what: string,
    ofSize: keyof Awaited<ReturnType<typeof keeping.size>>,
  ): Promise<Row[]> => {
    const bytes = (await keeping.size())[ofSize]
    return bytes === undefined
      ? []
      : [{ what, unit: 'kB', value: bytes / data.resources.length / 1000 }]
  }
  try {
    await (await start()).stop()
    let server = await start()
    const { origin } = server
    const imported = await importing(server, data)
    // The log is emptied into the database when the writer rests.
    await new Promise(resolve => setTimeout(resolve, 2000))
    const rows = [
      rowOf('import in transactions, 4 at a time: resources', imported),
      { what: 'memory after the import', unit: 'MB', value: memoryOf(server.pid) ?? Number.NaN },
      ...(await size('disk for a resource, files', 'files')),
      ...(await size('disk for a resource, live', 'live')),
      ...(await size('disk for a resource, rows to search by', 'rows')),
      ...(await size('disk for a resource, its words', 'words')),
    ]
    const ids = await idsOf(origin)
    rows.push(...(await reads(server, ids, options)))
    rows.push(...(await readsBeside(server, { ids, data }, options)))
    rows.push(...(await creates(server, data, options)), await crud(server, data, options))
    rows.push({ what: 'memory at the end', unit: 'MB', value: memoryOf(server.pid) ?? Number.NaN })
    await server.stop()
    server = await start()
    rows.push({
      what: 'start with all of it, to the first answer',
      unit: 'ms',
      value: server.startTime,
    })
    await server.stop()
    return rows
  } finally {
    keeping.end()
  }
}

/** Each Bundle once; counted in resources. */
async function importing(server: Server, { bundles, resources }: Data): Promise<Measured> {
  let next = 0
  const result = await measured(server, () =>
    load(server.origin, { connections: 4, seconds: 600 }, async send => {
      const body = bundles[next++]
      if (body === undefined) return false
      return send({ method: 'POST', path: '/fhir', body })
    }),
  )
  const each = resources.length / bundles.length
  return {
    ...result,
    rate: result.rate * each,
    cpu: result.cpu === undefined ? undefined : result.cpu / each,
  }
}

type Ids = Record<'Patient' | 'Observation', string[]>

async function idsOf(origin: string): Promise<Ids> {
  const some = async (type: string): Promise<string[]> => {
    const bundle: any = await (await fetch(`${origin}/fhir/${type}?_count=1000`)).json()
    return bundle.entry.map((entry: any) => entry.resource.id)
  }
  return { Patient: await some('Patient'), Observation: await some('Observation') }
}

const pick = <T>(all: readonly T[]): T => all[Math.floor(Math.random() * all.length)] as T

/** By id, in turns with a bare route that answers as many bytes, so that both have the same neighbours. */
async function reads(server: Server, ids: Ids, { seconds, repeat }: Options): Promise<Row[]> {
  const rows: Row[] = []
  for (const type of ['Observation', 'Patient'] as const) {
    const sample = await fetch(`${server.origin}/fhir/${type}/${ids[type][0]}`)
    const bare = await startChild(['bench/bare.ts', String((await sample.text()).length)])
    const [ours, theirs]: [Measured[], Measured[]] = [[], []]
    // The first turn warms both up.
    for (let n = 0; n <= repeat; n++) {
      const get = (path: () => string) => (send: Send) => send({ method: 'GET', path: path() })
      const on = (child: Server, path: () => string) =>
        measured(child, () => load(child.origin, { connections: 16, seconds }, get(path)))
      ours.push(await on(server, () => `/fhir/${type}/${pick(ids[type])}`))
      theirs.push(await on(bare, () => `/${type}/1`))
    }
    await bare.stop()
    ours.shift()
    theirs.shift()
    const ratio = median(ours.map(({ rate }, n) => rate / (theirs[n]?.rate ?? Number.NaN)))
    rows.push(rowOf(`read ${type}, 16 connections`, middle(ours)))
    rows.push(rowOf(`the same from a bare Express route`, middle(theirs)))
    rows.push({ what: `read ${type} against the bare route`, unit: 'of it', value: ratio })
  }
  return rows
}

/** Reads while transactions are being loaded. */
async function readsBeside(
  server: Server,
  { ids, data }: { ids: Ids; data: Data },
  { repeat }: Options,
): Promise<Row[]> {
  const runs: Measured[] = []
  for (let n = 0; n < repeat; n++) {
    let running = true
    const reading = measured(server, () =>
      load(server.origin, { connections: 4, seconds: 600 }, async send => {
        if (!running) return false
        await new Promise(resolve => setTimeout(resolve, 1))
        return send({ method: 'GET', path: `/fhir/Observation/${pick(ids.Observation)}` })
      }),
    )
    await importing(server, data)
    running = false
    runs.push(await reading)
  }
  const { cpu: _, ...rest } = middle(runs)
  return [
    rowOf(
      'read Observation beside an import',
      { ...rest, cpu: undefined },
      '4 connections, 1 ms between two',
    ),
  ]
}

async function creates(server: Server, data: Data, { seconds, repeat }: Options): Promise<Row[]> {
  const bodies = bodiesOf(data, 'Observation', 500)
  const post = (send: Send) =>
    send({ method: 'POST', path: '/fhir/Observation', body: pick(bodies) })
  const rows: Row[] = []
  for (const connections of [1, 16, 64]) {
    const runs: Measured[] = []
    const syncs: number[] = []
    const commits: number[] = []
    for (let n = 0; n < repeat; n++) {
      if (connections === 1) {
        syncs.push(syncRate(1))
        commits.push(syncRate(pagesOfCommit))
      }
      runs.push(await measured(server, () => load(server.origin, { connections, seconds }, post)))
    }
    rows.push(rowOf(`create Observation, ${connections} connections`, middle(runs)))
    if (connections > 1) continue
    rows.push({ what: 'one page and its fsync, alone', unit: '/s', value: median(syncs) })
    const ratio = median(runs.map(({ rate }, n) => rate / (syncs[n] ?? Number.NaN)))
    rows.push({ what: 'create against one fsync', unit: 'of it', value: ratio })
    rows.push({
      what: 'the pages of one create and their fsync, alone',
      unit: '/s',
      value: median(commits),
      note: `${pagesOfCommit} pages`,
    })
  }
  return rows
}

/** Pages that a create alone writes to the log: one for each table and level that it touches. */
const pagesOfCommit = 25

/** How often so many pages can be made durable on this disk in a second. */
function syncRate(pages: number): number {
  const folder = mkdtempSync(join(tmpdir(), 'nidaan-sync-'))
  const file = openSync(join(folder, 'page'), 'w')
  const page = Buffer.alloc(4096 * pages, 1)
  const started = performance.now()
  let count = 0
  for (; performance.now() - started < 1000; count++) {
    writeSync(file, page)
    fdatasyncSync(file)
  }
  const took = performance.now() - started
  closeSync(file)
  rmSync(folder, { recursive: true, force: true })
  return (count / took) * 1000
}

const nine = [
  'Patient',
  'Observation',
  'Encounter',
  'Condition',
  'Procedure',
  'Immunization',
  'DiagnosticReport',
  'MedicationRequest',
  'AllergyIntolerance',
]

/** Create, read, update, delete, of nine types in turn; each step counts. */
async function crud(server: Server, data: Data, { seconds, repeat }: Options): Promise<Row> {
  const models = nine.map(type => bodiesOf(data, type, 20))
  let turn = 0
  const work = async (send: Send) => {
    const at = turn++ % nine.length
    const body = pick(models[at] ?? [])
    const { location = '' } = await send({ method: 'POST', path: `/fhir/${nine[at]}`, body })
    const [, path = '', id = ''] = /(\/fhir\/\w+\/([^/]+))\/_history/.exec(location) ?? []
    await send({ method: 'GET', path })
    const changed = JSON.stringify({ ...JSON.parse(body), id, language: 'en' })
    await send({ method: 'PUT', path, body: changed })
    await send({ method: 'DELETE', path })
  }
  const runs: Measured[] = []
  for (let n = 0; n < repeat; n++)
    runs.push(await measured(server, () => load(server.origin, { connections: 16, seconds }, work)))
  return rowOf('create, read, update, delete of nine types, 16 connections', middle(runs))
}

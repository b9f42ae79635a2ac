/** The ladder: the searches of a clinic on ever more resources of the demo's laboratory, 8 at a time, each with its slowest. */
import { randomUUID } from 'node:crypto'
import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FhirResource } from 'fhir/r4'
import { openMongo } from '../adapters/mongo/store.ts'
import { openSqlite } from '../adapters/sqlite/store.ts'
import { printJson } from '../resources/json.ts'
import type { Resource } from '../resources/resource.ts'
import { extract } from '../resources/search.ts'
import type { Change, Store, Tenant } from '../resources/store.ts'
import { laboratory } from '../server/demo/laboratory.ts'
import { visitOf } from '../server/demo/visit.ts'
import { cpuOf, startNidaan } from './child.ts'
import { type Keeping, keepingOf, type StoreName } from './keeping.ts'
import { load } from './load.ts'
import { median, type Row } from './row.ts'

const sizes = [100_000, 1_000_000]
const clients = 8
const firstDay = Date.UTC(2020, 0, 1)
const days = 2000

const dateOf = (visit: number): string =>
  new Date(firstDay + (visit % days) * 86_400_000).toISOString().slice(0, 10)

/** A patient's visit, and the encounter that the demo leaves out. */
function resourcesOf(visit: number): FhirResource[] {
  const date = dateOf(visit)
  const resources = visitOf(visit, { seed: 1, date, until: 24 * 60 })
  const patient = resources.find(({ resourceType }) => resourceType === 'Patient')
  return [
    ...resources,
    {
      resourceType: 'Encounter',
      id: `visit-${visit}`,
      status: 'finished',
      class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
      subject: { reference: `Patient/${patient?.id}` },
      period: { start: `${date}T09:00:00+05:30`, end: `${date}T10:00:00+05:30` },
    },
  ]
}

function changeOf(resource: FhirResource, at: number): Change {
  const { id = '', ...rest } = resource
  const meta = { versionId: '1', lastUpdated: new Date(at).toISOString() }
  const stored = { ...rest, id, meta } as Resource
  return {
    type: resource.resourceType,
    id,
    method: 'create',
    replaces: 0,
    json: printJson(stored),
    extract: extract(stored),
  }
}

/** A store with so many resources; a folder is made once where it is kept. */
async function filled(size: number, { store, keep }: Kept): Promise<Keeping> {
  const keeping = keepingOf(store, keep && join(keep, `ladder-${size}`))
  const { DATA_DIR: folder = '', STORE_URL: url } = keeping.env
  const file = join(folder, 'nidaan.db')
  const mark = join(folder, 'filled')
  if (existsSync(url ? mark : file)) return keeping
  // An empty one is marked as of this program's extractor: else all of it would be indexed again beside the measurement.
  await (await startNidaan(keeping.env)).stop()
  if (url) {
    const opened = await openMongo({ url, now: Date.now, newId: randomUUID })
    await fill(opened, size)
    await opened.close()
    writeFileSync(mark, '')
    return keeping
  }
  renameSync(file, `${file}.part`)
  const opened = await openSqlite({ file: `${file}.part`, now: Date.now, synchronous: 'NORMAL' })
  await fill(opened, size)
  await opened.close()
  renameSync(`${file}.part`, file)
  return keeping
}

async function fill(store: Store, size: number): Promise<void> {
  let made = 0
  const commit = async (resources: FhirResource[]) => {
    made += resources.length
    await store.commit('default' as Tenant, at => ({
      changes: resources.map(each => changeOf(each, at)),
    }))
  }
  await commit(laboratory())
  for (let visit = 1; made < size; ) {
    const batch: FhirResource[] = []
    while (batch.length < 500 && made + batch.length < size) batch.push(...resourcesOf(visit++))
    await commit(batch)
  }
}

interface Kept {
  store: StoreName
  /** A folder in which the stores stay for the next run. */
  keep?: string | undefined
}

interface Rung {
  what: string
  /** The address of each request, by a number that grows. */
  path(n: number): string | Promise<string>
}

/** Values that are there, read from the server itself. */
async function rungsOf(origin: string): Promise<Rung[]> {
  const ask = async (query: string) => {
    const answer = await fetch(`${origin}/fhir/${query}`)
    return (await answer.json()) as {
      entry?: { resource: Record<string, never> }[]
      link?: { relation: string; url: string }[]
    }
  }
  const patients = await ask('Patient?_count=200&_elements=identifier,name')
  const observations = await ask('Observation?status=final&_count=500&_elements=subject,code')
  const some = (bundle: { entry?: { resource: unknown }[] }) =>
    (bundle.entry ?? []).map(({ resource }) => resource) as {
      id: string
      identifier?: { system: string; value: string }[]
      name?: { family?: string; text?: string }[]
      subject?: { reference: string }
      code?: { coding: { system: string; code: string }[] }
    }[]
  const people = some(patients)
  const results = some(observations)
  const at = <T>(all: T[], n: number): T => all[n % all.length] as T
  const codeOf = (n: number) => {
    const [coding] = at(results, n).code?.coding ?? []
    return encodeURIComponent(`${coding?.system}|${coding?.code}`)
  }
  const nameOf = (n: number) =>
    encodeURIComponent((at(people, n).name?.[0]?.family ?? 'Sha').slice(0, 4))
  const wide = 'Observation?category=laboratory&status=final&_sort=-_lastUpdated&_count=20'
  let deep = wide
  for (let page = 1; page < 200; page++) {
    const { link } = await ask(deep)
    const next = link?.find(({ relation }) => relation === 'next')?.url
    if (!next) break
    deep = next.slice(next.indexOf('/fhir/') + '/fhir/'.length)
  }
  return [
    {
      what: 'Patient by identifier',
      path: n => {
        const [identifier] = at(people, n).identifier ?? []
        return `Patient?identifier=${encodeURIComponent(`${identifier?.system}|${identifier?.value}`)}`
      },
    },
    { what: 'Patient by beginning of a name', path: n => `Patient?name=${nameOf(n)}&_count=20` },
    {
      what: 'Patient by a year of birth',
      path: n => `Patient?birthdate=ge${1950 + (n % 60)}&birthdate=lt${1951 + (n % 60)}&_count=20`,
    },
    {
      what: 'Observation by patient, code and date, -date',
      path: n =>
        `Observation?patient=${at(results, n).subject?.reference}&code=${codeOf(n)}&date=ge2020&_sort=-date&_count=20`,
    },
    {
      what: 'Observation by code and value with unit',
      path: n => `Observation?code=${codeOf(n)}&value-quantity=gt${n % 20}&_count=20`,
    },
    {
      what: 'Observation by code-value-quantity',
      path: n => `Observation?code-value-quantity=${codeOf(n)}$gt${n % 20}&_count=20`,
    },
    { what: 'Observation by category and status, -_lastUpdated, page 1', path: () => wide },
    { what: 'the same, page 200', path: () => deep },
    {
      what: 'Encounter by subject.name',
      path: n => `Encounter?subject:Patient.name=${nameOf(n)}&_count=20`,
    },
    {
      what: 'Patient by _has:Observation',
      path: n => `Patient?_has:Observation:patient:code=${codeOf(n)}&_count=20`,
    },
    {
      what: '_include and _revinclude',
      path: n =>
        `DiagnosticReport?patient=${at(results, n).subject?.reference}&_include=DiagnosticReport:subject&_include=DiagnosticReport:result&_revinclude=Task:focus`,
    },
    {
      what: '_total=accurate of category and status',
      path: () => 'Observation?category=laboratory&status=final&_total=accurate&_count=1',
    },
  ]
}

/** p50 and p99 of each rung at each size, and how they grow. */
export async function ladder({
  seconds,
  repeat,
  only = /^/,
  ...kept
}: { seconds: number; repeat: number; only?: RegExp } & Kept): Promise<Row[]> {
  const slowest = new Map<string, number[]>()
  const rows: Row[] = []
  for (const size of sizes) {
    const keeping = await filled(size, kept)
    const server = await startNidaan(keeping.env)
    const used = () => [server.pid, ...keeping.pids].reduce((ms, pid) => ms + (cpuOf(pid) ?? 0), 0)
    try {
      for (const rung of (await rungsOf(server.origin)).filter(({ what }) => only.test(what))) {
        const runs: { rate: number; p50: number; p99: number; cpu: number }[] = []
        let n = 0
        const work = async (time: number) => {
          const before = used()
          const done = await load(
            server.origin,
            { connections: clients, seconds: time },
            async send => {
              await send({ method: 'GET', path: `/fhir/${await rung.path(n++)}` })
            },
          )
          if (done.errors)
            throw new Error(`${rung.what}: ${done.errors} errors, such as ${await rung.path(n)}`)
          return { ...done, cpu: (used() - before) / done.requests }
        }
        await work(Math.min(1, seconds))
        for (let run = 0; run < repeat; run++) runs.push(await work(seconds))
        const p99 = median(runs.map(each => each.p99))
        slowest.set(rung.what, [...(slowest.get(rung.what) ?? []), p99])
        rows.push({
          what: `${rung.what}; ${size.toLocaleString('en')}`,
          unit: '/s',
          value: median(runs.map(({ rate }) => rate)),
          p50: median(runs.map(({ p50 }) => p50)),
          p99,
          cpu: median(runs.map(({ cpu }) => cpu)),
        })
      }
    } finally {
      await server.stop()
      keeping.end()
    }
  }
  const growth = [...slowest].map(([what, [small = 0, large = 0]]) => ({
    what: `p99 of ${what}, large against small`,
    unit: 'times',
    value: large / small,
  }))
  return [...rows, ...growth]
}

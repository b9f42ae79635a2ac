/**
 * What a write costs as the store grows: single creates, 64 at a time, on a file that holds ever more: of any
 * date, as an import has them, and of today, as those who work have them.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqlite } from '../adapters/sqlite/store.ts'
import { printJson } from '../resources/json.ts'
import { extract } from '../resources/search.ts'
import type { Change, Store, Tenant } from '../resources/store.ts'
import { median, type Row } from './row.ts'

const tenant = 'bench' as Tenant
const sizes = [10_000, 100_000, 1_000_000]
/** Creates that are measured at each size, in so many parts. */
const sample = 4000
const parts = 5

const codes = Array.from({ length: 300 }, (_, n) => `${10_000 + n * 7}-${n % 10}`)
const start = Date.UTC(2015, 0, 1)
const pick = <T>(all: readonly T[]): T => all[Math.floor(Math.random() * all.length)] as T

type When = 'ever' | 'today'

const dateOf = (when: When): number =>
  when === 'today' ? Date.now() : start + Math.random() * 11 * 365 * 86_400_000

/** A result of one of ever more patients, at any time of eleven years or of now. */
function observation(n: number, when: When): Change {
  const id = `o-${n}`
  const patient = Math.floor(Math.random() * Math.max(100, n / 20))
  const instant = new Date(dateOf(when)).toISOString()
  const resource = {
    resourceType: 'Observation',
    id,
    meta: { versionId: '1', lastUpdated: instant },
    status: 'final',
    category: [
      {
        coding: [
          {
            system: 'http://terminology.hl7.org/CodeSystem/observation-category',
            code: 'laboratory',
          },
        ],
      },
    ],
    code: {
      coding: [{ system: 'http://loinc.org', code: pick(codes) }],
      text: 'A laboratory test',
    },
    subject: { reference: `Patient/p-${patient}` },
    encounter: { reference: `Encounter/e-${Math.floor(n / 5)}` },
    effectiveDateTime: instant,
    issued: instant,
    valueQuantity: {
      value: Math.round(Math.random() * 2000) / 10,
      unit: 'mg/dL',
      system: 'http://unitsofmeasure.org',
      code: 'mg/dL',
    },
  }
  return {
    type: 'Observation',
    id,
    method: 'create',
    replaces: 0,
    json: printJson(resource),
    extract: extract(resource),
  }
}

async function fill(store: Store, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n += 500) {
    const changes = Array.from({ length: Math.min(500, to - n) }, (_, k) =>
      observation(n + k, 'ever'),
    )
    await store.commit(tenant, () => ({ changes }))
  }
}

/** CPU of this process for one create, µs, and creates in a second. */
interface Cost {
  cpu: number
  rate: number
}

async function cost(store: Store, from: number, when: When): Promise<Cost> {
  let n = from
  const cpu = process.cpuUsage()
  const started = performance.now()
  const work = async () => {
    while (n < from + sample / parts) {
      const change = observation(n++, when)
      await store.commit(tenant, () => ({ changes: [change] }))
    }
  }
  await Promise.all(Array.from({ length: 64 }, work))
  const { user, system } = process.cpuUsage(cpu)
  const done = n - from
  return { cpu: (user + system) / done, rate: (done / (performance.now() - started)) * 1000 }
}

export async function growth(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'nidaan-growth-'))
  const store = await openSqlite({ file: join(folder, 'nidaan.db'), now: Date.now })
  const rows: Row[] = []
  let n = 0
  try {
    for (const size of sizes) {
      await fill(store, n, size)
      n = size
      const costs: Record<When, Cost[]> = { ever: [], today: [] }
      for (let part = 0; part < parts; part++)
        for (const when of ['ever', 'today'] as const) {
          costs[when].push(await cost(store, n, when))
          n += sample / parts
        }
      const what = `create in a store of ${size.toLocaleString('en')}`
      rows.push(rowOf(what, costs.ever), rowOf(`${what}, dated today`, costs.today))
    }
  } finally {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
  const ratio = (first: number, last: number) =>
    (rows.at(last)?.cpu ?? Number.NaN) / (rows[first]?.cpu ?? Number.NaN)
  const grown = 'CPU of a create, 1,000,000 against 10,000'
  return [
    ...rows,
    { what: grown, unit: 'times', value: ratio(0, -2) },
    { what: `${grown}, dated today`, unit: 'times', value: ratio(1, -1) },
  ]
}

const rowOf = (what: string, costs: Cost[]): Row => ({
  what,
  unit: '/s',
  value: median(costs.map(({ rate }) => rate)),
  cpu: median(costs.map(({ cpu }) => cpu)) / 1000,
  note: 'store alone, with extraction; 64 at a time',
})

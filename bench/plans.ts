/** What MongoDB reads for the searches of a clinic, on half a million Observations, of one patient 20,000 of them. */
import { Binary } from 'mongodb'
import { connect } from '../adapters/mongo/connection.ts'
import { idOf, nameOf, type Stored } from '../adapters/mongo/document.ts'
import { migrate } from '../adapters/mongo/schema.ts'
import { countHits, searchPage } from '../adapters/mongo/search.ts'
import { createTerms } from '../adapters/mongo/terms.ts'
import { valuesOf } from '../adapters/mongo/values.ts'
import type { Resource } from '../resources/resource.ts'
import { parseSearch } from '../resources/search/parse.ts'
import type { Query } from '../resources/search/query.ts'
import { utc } from '../resources/search/zone.ts'
import { extract } from '../resources/search.ts'
import type { Tenant } from '../resources/store.ts'
import { keepingOf } from './keeping.ts'
import { median, type Row } from './row.ts'
import { type Watched, watch } from './watched.ts'

const tenant = 'default' as Tenant
const patients = 5000
const observations = 520_000
const first = Date.UTC(2020, 0, 1)
const loinc = 'http://loinc.org'
const codes = Array.from({ length: 60 }, (_, n) => `${1000 + n * 37}-${n % 10}`)
const families = ['Sharma', 'Patel', 'Singh', 'Kulkarni', 'Iyer', 'Nair', 'Das', 'Khan', 'Joshi']

const patient = (n: number): Resource => ({
  resourceType: 'Patient',
  id: `p${n}`,
  gender: n % 2 ? 'female' : 'male',
  birthDate: new Date(Date.UTC(1940 + (n % 80), n % 12, 1 + (n % 28))).toISOString().slice(0, 10),
  identifier: [{ system: 'http://example.org/mrn', value: `${n}` }],
  name: [{ family: `${families[n % families.length]}${n % 97}`, given: [`Asha${n % 53}`] }],
})

/** The same numbers in every run. */
const chance = (n: number, of: number): number => Math.imul(n + of, 2654435761) >>> 0

function observation(n: number): Resource {
  const subject = n % 26 === 0 ? 0 : chance(n, 1) % patients
  const skewed = ((chance(n, 2) % 1000) / 1000) ** 2
  const code = codes[Math.floor(skewed * codes.length)] ?? ''
  const at = first + (chance(n, 3) % (2000 * 86_400)) * 1000
  return {
    resourceType: 'Observation',
    id: `o${n}`,
    status: n % 300 ? 'final' : 'preliminary',
    category: [{ coding: [{ system: 'c', code: n % 5 < 3 ? 'laboratory' : 'vital-signs' }] }],
    code: { coding: [{ system: loinc, code }], text: `test ${code}` },
    subject: { reference: `Patient/p${subject}` },
    effectiveDateTime: new Date(at).toISOString(),
    valueQuantity: {
      value: (chance(n, 4) % 2000) / 10,
      system: 'http://unitsofmeasure.org',
      code: 'mg/dL',
    },
  }
}

/** As the store writes it. */
function documentOf(resource: Resource, n: number): Stored {
  const { resourceType: ty, id = '' } = resource
  const extracted = extract(resource)
  const at = first + n
  const name = nameOf(tenant, ty, id)
  const body = new Binary(Buffer.from(JSON.stringify(resource)))
  const made = { t: tenant, ty, v: 1, m: 'create', s: at * 1000, at, c: at * 1000 } as const
  const k = extracted.date ?? at
  return { _id: idOf(name, 1), n: name, ...made, k, body, ...valuesOf(ty, extracted) }
}

async function fill(url: string): Promise<void> {
  const connection = await connect({ url })
  await migrate(connection)
  const { db, collections } = connection
  const terms = createTerms({ forget() {} })
  const batch: [Resource, Stored][] = []
  const send = async () => {
    const made = batch.splice(0)
    const rows = made.map(([each]) => ({ tenant, type: each.resourceType, ...extract(each) }))
    await terms.remember(rows, { db, maxTimeMS: 60_000 })
    await collections.resource.insertMany(
      made.map(([, stored]) => stored),
      { ordered: false },
    )
  }
  const put = async (made: Resource, n: number) => {
    batch.push([made, documentOf(made, n)])
    if (batch.length === 2000) await send()
  }
  for (let n = 0; n < patients; n++) await put(patient(n), n)
  for (let n = 0; n < observations; n++) await put(observation(n), patients + n)
  if (batch.length) await send()
  await connection.client.close()
}

const code = (n: number): string => `${loinc}|${codes[n]}`
const searches = [
  'Observation?',
  'Observation?_sort=-_lastUpdated',
  `Observation?code=${code(0)}`,
  `Observation?code=${code(0)},${code(9)}`,
  'Observation?category=laboratory&status=final&_sort=-_lastUpdated',
  'Observation?status=preliminary&category=laboratory',
  'Observation?status:not=final',
  `Observation?patient=Patient/p0&code=${code(0)}&date=ge2021&_sort=-date`,
  `Observation?patient=Patient/p0&code=${code(0)}&date=lt2020-02&_sort=-date`,
  'Observation?patient=Patient/p0&date=lt2020-02',
  `Observation?patient=Patient/p7&code=${code(0)}`,
  'Observation?date=2021-03-04',
  'Observation?date=ge2021&_sort=date',
  `Observation?code=${code(0)}&value-quantity=gt199`,
  `Observation?code-value-quantity=${code(0)}$gt190`,
  'Observation?value-quantity=gt199.5||mg/dL',
  'Observation?code:text=test 1000',
  'Observation?_content=test',
  'Observation?subject:Patient.name=sharma1',
  'Observation?subject:Patient.gender=male',
  `Observation?code=${code(0)}&_sort=value-quantity`,
  `Patient?_has:Observation:patient:code=${code(0)}`,
  `Patient?_has:Observation:patient:code=${code(59)}`,
  'Patient?identifier=http://example.org/mrn|77',
  'Patient?name=sharma&_sort=name',
  'Patient?_sort=-birthdate',
  'Patient?name:contains=arma9',
  'Patient?birthdate=ge1950&birthdate=lt1951',
]

async function queryOf(text: string): Promise<Query> {
  const [type, params] = text.split('?')
  const options = { strict: true, defaultCount: 50, maxCount: 50, base: '', now: first, zone: utc }
  return (await parseSearch(type, [...new URLSearchParams(params)], options)).query
}

/** The first page, the one behind it, and the count of all. */
async function rowsOf(text: string, watched: Watched): Promise<Row[]> {
  const query = await queryOf(text)
  const page = (after?: string) =>
    searchPage(watched.source(), tenant, { ...query, ...(after ? { after } : {}) })
  const { next } = await page()
  const parts: [string, () => Promise<unknown>][] = [
    [text, page],
    ...(next ? [['the page behind it', () => page(next)] as [string, () => Promise<unknown>]] : []),
    ['count', () => countHits(watched.source(), tenant, query)],
  ]
  const rows: Row[] = []
  for (const [what, ask] of parts) {
    const times: number[] = []
    for (let run = 0; run < 5; run++) {
      watched.forget()
      const began = performance.now()
      await ask()
      times.push(performance.now() - began)
    }
    const { commands, keys, docs } = await watched.examined()
    const note = `${keys} keys, ${docs} documents in ${commands} commands`
    rows.push({ what, unit: 'ms', value: median(times), note })
  }
  return rows
}

export async function plansOn(url: string): Promise<Row[]> {
  const watched = watch(url, new URL(url).pathname.slice(1), () => first)
  const rows: Row[] = []
  try {
    for (const text of searches) rows.push(...(await rowsOf(text, watched)))
  } finally {
    await watched.close()
  }
  return rows
}

export async function plans(): Promise<Row[]> {
  const keeping = keepingOf('mongodb')
  try {
    const { STORE_URL: url = '' } = keeping.env
    await fill(url)
    return await plansOn(url)
  } finally {
    keeping.end()
  }
}

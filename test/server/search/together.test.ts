/** Orders, distances, lists and named queries with what shapes an answer: all pages are all that there is. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Bundle } from 'fhir/r4'
import { type App, startApp } from '../../support/app.ts'
import { observation, put } from '../../support/make.ts'

/** To play a failing run again: FUZZ_SEED=… npm test -- search/together. */
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31))

let app: App
beforeAll(async () => {
  app = await startApp({ MAX_TOTAL: '3' })
  const interpretation = (code: string) => [
    {
      coding: [
        { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation', code },
      ],
    },
  ]
  const patient = { reference: 'Patient/p' }
  const all: object[] = [
    { resourceType: 'Patient', id: 'p' },
    ...['N', 'H', 'HH', 'LL', 'L', 'A'].map((code, n) =>
      observation({
        id: `o${n}`,
        subject: patient,
        code: { coding: [{ code: `c${n % 2}` }] },
        interpretation: interpretation(code),
        ...(n % 3 ? { valueQuantity: { value: n } } : {}),
      }),
    ),
    ...[0, 1, 1, 2, 40].map((latitude, n) => ({
      resourceType: 'Location',
      id: `l${n}`,
      name: `Ward ${n % 2}`,
      position: { latitude, longitude: 73 },
    })),
    ...['food', 'medication', 'biologic', undefined].map((category, n) => ({
      resourceType: 'AllergyIntolerance',
      id: `a${n}`,
      patient,
      ...(category ? { category: [category] } : {}),
    })),
    {
      resourceType: 'List',
      id: 'current',
      status: 'current',
      mode: 'working',
      code: { coding: [{ system: 'http://loinc.org', code: '52472-8' }] },
      entry: [0, 1, 2, 3].map(n => ({ item: { reference: `AllergyIntolerance/a${n}` } })),
    },
  ]
  for (const each of all) await put(app, each)
})
afterAll(() => app.close())

const near = ['0|73|500|km', '1|73', '90|0|20000|km', '2|73|1|km,0|73|1|km', '0|0|1|m']
const criteria: Record<string, string[]> = {
  Location: [
    ...near.map(point => `near=${point}`),
    'name=ward',
    'name=ward 1',
    '_filter=name co "1"',
  ],
  Observation: [
    ...['_query=abnormal', '_query=critical', 'code=c1', 'patient=p', 'patient._id=p'],
    ...['code-value-quantity=c1$gt2', '_has:DiagnosticReport:result:_id=none'],
  ],
  AllergyIntolerance: [
    ...['_list=$current-drug-allergies', '_list=$current-allergies', 'patient=p', '_list=current'],
    ...['_list=$current-drug-allergies,other', 'category:missing=true'],
  ],
  Patient: [
    '_has:Observation:patient:_query=critical',
    '_has:AllergyIntolerance:patient:_list=$current-drug-allergies',
    '_id=p',
  ],
}
const keys: Record<string, string[]> = {
  Location: ['near', 'name', '_id', '_lastUpdated'],
  Observation: ['code-value-quantity', 'combo-code-value-quantity', 'code', 'date', '_id'],
  AllergyIntolerance: ['category', 'patient', '_lastUpdated'],
  Patient: ['_id', 'name'],
}
const shapes = [
  '_total=accurate',
  '_total=estimate',
  '_total=none',
  '_explain=true',
  '_summary=text',
]

const search = fc.constantFrom(...Object.keys(criteria)).chain(type =>
  fc.record({
    type: fc.constant(type),
    asked: fc.subarray(criteria[type] ?? [], { minLength: 1, maxLength: 3 }),
    sort: fc.array(fc.tuple(fc.constantFrom('', '-'), fc.constantFrom(...(keys[type] ?? []))), {
      maxLength: 3,
    }),
    shape: fc.subarray(shapes, { maxLength: 2 }),
    count: fc.constantFrom(1, 2, 3),
  }),
)

const encoded = (params: string[]): string =>
  params
    .map(param => param.replace(/=(.*)$/, (_, value) => `=${encodeURIComponent(value)}`))
    .join('&')

async function get(address: string): Promise<Bundle> {
  const { status, body } = await app.request.get(address)
  if (status !== 200) throw new Error(`${status} ${body.issue?.[0]?.diagnostics}`)
  return body as Bundle
}

test(`pages of 300 searches are what is counted, each once (seed ${seed})`, async () => {
  const one = async ({ type, asked, sort, shape, count }: (typeof all)[0]) => {
    const isNear = asked.some(each => each.startsWith('near='))
    const order = sort.filter(([, key]) => key !== 'near' || isNear).map(pair => pair.join(''))
    const sorted = order.length ? [`_sort=${order.join(',')}`] : []
    const { total } = await get(`/fhir/${type}?${encoded([...asked, ...sorted, '_summary=count'])}`)
    const found: string[] = []
    let next: string | undefined =
      `/fhir/${type}?${encoded([...asked, ...sorted, ...shape, `_count=${count}`])}`
    while (next) {
      const { entry = [], link = [] }: Bundle = await get(next)
      const matches = entry.filter(({ search }) => search?.mode === 'match')
      for (const { fullUrl = '', search } of matches) {
        found.push(fullUrl)
        expect(search?.extension?.length).toBe(isNear ? 1 : undefined)
      }
      expect(matches.length).toBeLessThanOrEqual(count)
      next = link.find(({ relation }) => relation === 'next')?.url.slice(app.url.length)
    }
    expect([new Set(found).size, found.length]).toEqual([total, total])
  }
  const all = fc.sample(search, { seed, numRuns: 300 })
  for (const each of all)
    await one(each).catch(error => {
      throw new Error(`${JSON.stringify(each)}\n${error.message}`)
    })
}, 120_000)

test('an explanation names the steps and no place', async () => {
  const { entry = [] } = await get('/fhir/Location?near=1|73.25|500|km&_sort=near&_explain=true')
  const said = JSON.stringify(entry.filter(({ search }) => search?.mode === 'outcome'))
  expect(said).toMatch(/near/)
  expect(said).not.toMatch(/73\.25/)
  const named = await get('/fhir/Observation?_query=critical&_explain=true')
  expect(JSON.stringify(named.entry)).toMatch(/condition token ~query/)
})

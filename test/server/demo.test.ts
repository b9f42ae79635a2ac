import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { DiagnosticReport, FhirResource, Observation, Patient, Task } from 'fhir/r4'
import { createStructureValidator } from '../../profiles/structure.ts'
import { decimalText, parseJson } from '../../resources/json.ts'
import { referencesOf } from '../../resources/reference.ts'
import type { Resource } from '../../resources/resource.ts'
import { catalogue, rangeOf, testOf } from '../../server/demo/catalogue.ts'
import { dayLines } from '../../server/demo/day.ts'
import type { Day } from '../../server/demo/order.ts'
import { type App, startApp } from '../support/app.ts'
import { ownFolder } from '../support/folder.ts'
import { runScript } from '../support/process.ts'

const day: Day = { date: '2026-11-23', until: 16 * 60, seed: 1 }

async function linesOf(patients: number, more: Partial<Day> = {}): Promise<string[]> {
  const lines: string[] = []
  for await (const { text = '' } of dayLines(patients, { ...day, ...more })) lines.push(text)
  return lines
}

/** Resources as they would be stored, digits kept. */
const resourcesIn = (lines: string[]): FhirResource[] =>
  lines.flatMap(line => (parseJson(line) as any).entry.map((entry: any) => entry.resource))

const of = <T extends FhirResource>(type: T['resourceType'], all: FhirResource[]): T[] =>
  all.filter((each): each is T => each.resourceType === type)

let all: FhirResource[]
beforeAll(async () => {
  all = resourcesIn(await linesOf(300))
})

describe('a day of the laboratory', () => {
  test('is the same for the same seed, and another one for another', async () => {
    expect(await linesOf(5)).toEqual(await linesOf(5))
    expect((await linesOf(5, { seed: 2 }))[1]).not.toEqual((await linesOf(5))[1])
  })

  test('has the same patient by number, however many come', async () => {
    expect((await linesOf(9)).slice(0, 4)).toEqual(await linesOf(3))
  })

  test('breaks no structural rule of R4', () => {
    const { validate } = createStructureValidator()
    expect(all.flatMap(resource => validate(resource as unknown as Resource))).toEqual([])
  })

  test('refers only to what is in it', () => {
    const names = new Set(all.map(({ resourceType, id }) => `${resourceType}/${id}`))
    expect(names.size).toBe(all.length)
    const targets = all.flatMap(each => referencesOf(each as unknown as Resource))
    expect(targets.length).toBeGreaterThan(all.length)
    expect(targets.filter(({ reference }) => !names.has(reference))).toEqual([])
  })

  test('has people of eight languages, with names in their own letters', () => {
    const patients = of<Patient>('Patient', all)
    const spoken = new Set(patients.map(each => each.communication?.[0]?.language.text))
    expect(spoken.size).toBe(8)
    const scripts = ['Devanagari', 'Gujarati', 'Kannada', 'Tamil', 'Bengali', 'Arabic']
    const texts = patients.flatMap(({ name, address }) => [...(name ?? []), ...(address ?? [])])
    for (const script of scripts) {
      const letters = new RegExp(`\\p{Script=${script}}`, 'u')
      expect(texts.some(({ text = '' }) => letters.test(text))).toBe(true)
    }
  })

  test('has no telephone number that could be anybody’s', () => {
    const phones = of<Patient>('Patient', all).flatMap(each => each.telecom ?? [])
    expect(phones.length).toBe(300)
    expect(phones.every(({ value = '' }) => /^\+91 5\d{4} \d{5}$/.test(value))).toBe(true)
  })
})

describe('results', () => {
  const numbers = () => of<Observation>('Observation', all).filter(each => each.valueQuantity)
  const codeOf = (each: Observation) => each.code.coding?.[0]?.code ?? ''
  const textOf = (value: unknown) => decimalText(value as never)

  test('have as many digits as their test', () => {
    for (const each of numbers()) {
      const { digits } = testOf(codeOf(each))
      const [, fraction = ''] = textOf(each.valueQuantity?.value).split('.')
      expect([codeOf(each), fraction.length]).toEqual([codeOf(each), digits])
    }
  })

  test('are flagged by the range and the critical limits of their test', () => {
    const sexes = new Map(of<Patient>('Patient', all).map(({ id, gender }) => [id, gender]))
    const seen = new Set<string>()
    for (const each of numbers()) {
      const value = Number(textOf(each.valueQuantity?.value))
      const sex = sexes.get(each.subject?.reference?.split('/')[1]) as 'male' | 'female'
      const found = each.interpretation?.[0]?.coding?.[0]?.code ?? ''
      const { critical: [criticalLow, criticalHigh] = [null, null] } = testOf(codeOf(each))
      const [low, high] = rangeOf(testOf(codeOf(each)), sex) ?? [null, null]
      const below = (bound: number | null) => bound !== null && value < bound
      const above = (bound: number | null) => bound !== null && value > bound
      const wanted = below(criticalLow)
        ? 'LL'
        : above(criticalHigh)
          ? 'HH'
          : below(low)
            ? 'L'
            : above(high)
              ? 'H'
              : 'N'
      expect([each.id, found]).toEqual([each.id, wanted])
      seen.add(found)
    }
    expect([...seen].sort()).toEqual(['H', 'HH', 'L', 'LL', 'N'])
  })

  test('fit together: a differential is a hundred, cells and haemoglobin agree', () => {
    const byPatient = Map.groupBy(numbers(), each => each.subject?.reference)
    let counts = 0
    for (const [, results] of byPatient) {
      const value = (code: string) =>
        Number(textOf(results.find(each => codeOf(each) === code)?.valueQuantity?.value ?? 0))
      if (value('718-7') === 0) continue
      counts++
      const differential = ['736-9', '5905-5', '713-8', '706-2', '770-8'].map(value)
      expect(differential.reduce((sum, part) => sum + part, 0)).toBeCloseTo(100, 0)
      expect((value('789-8') * value('787-2')) / 10).toBeCloseTo(value('4544-3'), 0)
    }
    expect(counts).toBeGreaterThan(50)
  })

  test('of a report are those its tests promise, and are final with it', () => {
    const byName = new Map(all.map(each => [`${each.resourceType}/${each.id}`, each]))
    const reports = of<DiagnosticReport>('DiagnosticReport', all)
    expect(new Set(reports.map(({ status }) => status))).toEqual(
      new Set(['registered', 'preliminary', 'final']),
    )
    for (const { status, result = [], code } of reports) {
      const orderable = catalogue.orderables.find(each => each.code === code.coding?.[0]?.code)
      const results = result.map(({ reference = '' }) => byName.get(reference) as Observation)
      expect(results.map(codeOf)).toEqual(status === 'registered' ? [] : orderable?.tests)
      expect(new Set(results.map(each => each.status)).size).toBeLessThan(2)
      if (status === 'final') expect(results[0]?.status).toBe('final')
    }
  })
})

describe('the time of day', () => {
  test('decides how far everything has come', async () => {
    const at = async (hour: number) => {
      const found = resourcesIn(await linesOf(30, { until: hour * 60 }))
      return {
        tasks: new Set(of<Task>('Task', found).map(({ status }) => status)),
        results: of<Observation>('Observation', found),
      }
    }
    expect(await at(6)).toEqual({ tasks: new Set(), results: [] })
    const morning = await at(11)
    expect(morning.tasks.has('in-progress')).toBe(true)
    const night = await at(23.9)
    expect(night.tasks.has('completed')).toBe(true)
    expect(night.results.length).toBeGreaterThan(2 * morning.results.length)
  })
})

describe('npm run demo', () => {
  const at = ownFolder('demo')
  let app: App
  beforeAll(async () => {
    app = await startApp()
  })
  afterAll(() => app.close())

  const demo = async (...args: string[]) => {
    const run = runScript('demo', args, { DATA_DIR: at('data'), PORT: '1' })
    return { code: await run.ended, output: run.output() }
  }
  const total = async (path: string) => (await app.request.get(`/fhir/${path}`)).body.total

  test('fills a running server, and a second time changes nothing', async () => {
    const first = await demo('--to', `${app.url}/fhir`, '--patients', '12')
    expect(first).toMatchObject({ code: 0, output: expect.stringMatching(/of 12 patients in/) })
    expect(await total('Patient?_summary=count')).toBe(12)
    const { body: one } = await app.request.get('/fhir/Patient/pune-1')
    const [, own] = one.name
    expect(await total(`Patient?name=${encodeURIComponent(own.family)}`)).toBeGreaterThan(0)
    const again = await demo('--to', `${app.url}/fhir`, '--patients', '12')
    expect(again.code).toBe(0)
    const { body: history } = await app.request.get('/fhir/_history?_count=1000')
    expect(new Set(history.entry.map((entry: any) => entry.resource.meta.versionId))).toEqual(
      new Set(['1']),
    )
  })

  test('fills the database where no server runs', async () => {
    const { code, output } = await demo('--patients', '2')
    expect({ code, output }).toMatchObject({
      code: 0,
      output: expect.stringMatching(/goes into the database[\s\S]*of 2 patients/),
    })
  })

  test.each([
    [['--patients', 'many'], /--patients takes a whole number/],
    [['--day', '2026-13-01'], /--day takes a date/],
    [['--until', '25:00'], /--until takes a time/],
    [['--to', 'nowhere'], /--to takes an address/],
    [['--to', 'ftp://127.0.0.1/fhir'], /--to takes an address/],
    [['--colour', 'red'], /--colour/],
  ])('%j is refused with what it takes', async (args, words) => {
    const { code, output } = await demo(...args)
    expect({ code, output }).toMatchObject({ code: 2, output: expect.stringMatching(words) })
    expect(output).toContain('npm run demo -- [options]')
  })

  test('says what it takes', async () => {
    const { code, output } = await demo('--help')
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringMatching(/--seed N/) })
  })
})

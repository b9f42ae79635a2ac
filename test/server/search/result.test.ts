/** What shapes the answer of a search. https://hl7.org/fhir/R4/search.html#return */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type App, startApp } from '../../support/app.ts'
import { observation, patient, put } from '../../support/make.ts'

let app: App
beforeAll(async () => {
  app = await startApp({ MAX_TOTAL: '3', UNKNOWN_PARAMETERS: 'ignore' })
  for (const id of ['a', 'b', 'c', 'd'])
    await put(app, patient({ id, gender: 'female', birthDate: '1980-01-01', active: id === 'a' }))
  await put(app, observation({ id: 'o', subject: { reference: 'Patient/a' } }))
})
afterAll(() => app.close())

const get = (path: string) => app.request.get(`/fhir/${path}`)

interface Entry {
  resource: { resourceType: string; issue: { severity: string; diagnostics: string }[] }
  search: { mode: string }
}

const outcomes = (body: { entry?: Entry[] }) =>
  (body.entry ?? []).filter(({ search }) => search.mode === 'outcome')
const said = (body: { entry?: Entry[] }): string =>
  outcomes(body)
    .flatMap(({ resource }) => resource.issue.map(({ diagnostics }) => diagnostics))
    .join('\n')

describe('the total', () => {
  test.each([
    ['', 4, ''],
    ['&_total=none', 4, ''],
    ['&_total=accurate', 4, ''],
    ['&_total=estimate', 4, ''],
    ['&_summary=count', 4, ''],
  ])('of all of a type, with %s, costs nothing', async (query, total) => {
    const { body } = await get(`Patient?_count=1${query}`)
    expect(body.total).toBe(query === '&_total=none' ? undefined : total)
    expect(outcomes(body)).toEqual([])
  })

  test.each(['accurate', 'estimate'])('%s is counted up to MAX_TOTAL', async kind => {
    const some = await get(`Patient?gender=female&active=false&_count=1&_total=${kind}`)
    expect([some.body.total, said(some.body)]).toEqual([3, ''])
    const more = await get(`Patient?gender=female&_count=1&_total=${kind}`)
    expect(more.body.total).toBe(3)
    expect(said(more.body)).toMatch(/more than 3: total is an estimate/)
  })

  test.each(['_summary=count', '_count=0', '_summary=count&_total=accurate'])(
    'of %s is exact',
    async query => {
      const { body } = await get(`Patient?gender=female&${query}`)
      expect([body.total, body.entry]).toEqual([4, undefined])
    },
  )

  test('of the only page is exact', async () => {
    expect((await get('Patient?gender=female')).body.total).toBe(4)
  })

  test('is not told unasked where it would have to be counted', async () => {
    expect((await get('Patient?gender=female&_count=1')).body.total).toBeUndefined()
  })
})

describe('UNKNOWN_PARAMETERS=ignore', () => {
  test('passes them over with a warning, and the self link leaves them out', async () => {
    const { status, body } = await get('Patient?_id=a&wings=2')
    expect([status, body.total]).toEqual([200, 1])
    expect(said(body)).toMatch(/wings is not a search parameter of Patient.*ignored/)
    expect(body.link[0].url).toBe(`${app.url}/fhir/Patient?_id=a`)
  })

  test('sorts by the keys that there are, and goes on so', async () => {
    const { status, body } = await get('Patient?_sort=foo,-_id&_count=2')
    expect(status).toBe(200)
    expect(said(body)).toMatch(/foo is not a search parameter of Patient.*ignored/)
    expect(body.link[0].url).toBe(`${app.url}/fhir/Patient?_sort=-_id&_count=2`)
    const { url } = body.link.find(({ relation }: { relation: string }) => relation === 'next')
    const { body: second } = await app.request.get(url.replace(app.url, ''))
    const ids = [body, second].flatMap(({ entry }) =>
      entry.flatMap(({ resource, search }: any) => (search.mode === 'match' ? resource.id : [])),
    )
    expect(ids).toEqual(['d', 'c', 'b', 'a'])
  })

  test('gives way to the caller', async () => {
    const strict = await get('Patient?_id=a&wings=2').set('Prefer', 'handling=strict')
    expect(strict.status).toBe(400)
  })

  test('is not for malformed values, nor for criteria of a write', async () => {
    expect((await get('Patient?birthdate=soon')).status).toBe(400)
    expect((await app.request.delete('/fhir/Patient?wings=2')).status).toBe(400)
  })
})

describe('_explain', () => {
  test('tells the steps with their rows and times, without values', async () => {
    const { status, body } = await get(
      'Patient?gender=female&birthdate=1980-01-01&_count=2&_include=Patient:link&_explain=true',
    )
    expect(status).toBe(200)
    const [plan] = outcomes(body)
    expect(plan?.resource.issue.every(({ severity }) => severity === 'information')).toBe(true)
    expect(said(body)).toMatch(/gender/)
    expect(said(body)).toMatch(/rows \d+; [\d.]+ ms/)
    expect(said(body)).not.toMatch(/female|1980/)
  })

  test('counts matches and includes as rows of the page', async () => {
    const { body } = await get('Observation?_id=o&_include=Observation:subject&_explain=true')
    expect(said(body)).toMatch(/the page with its includes; estimate 1; rows 2; [\d.]+ ms/)
  })

  test('goes along to the next page', async () => {
    const { body } = await get('Patient?gender=female&_count=2&_explain=true')
    const next = body.link.find(({ relation }: { relation: string }) => relation === 'next')
    const page = await app.request.get(next.url.slice(app.url.length))
    expect(page.status).toBe(200)
    expect(said(page.body)).toMatch(/gender/)
  })

  test('false tells nothing, another word is refused', async () => {
    expect(outcomes((await get('Patient?_explain=false')).body)).toEqual([])
    expect((await get('Patient?_explain=1')).status).toBe(400)
  })
})

describe('how an answer looks', () => {
  test('_pretty and _format hold for includes too', async () => {
    const { headers, text } = await get(
      'Observation?_include=Observation:subject&_pretty=true&_format=application/json',
    )
    expect(headers['content-type']).toMatch('application/json')
    expect(text.split('\n').length).toBeGreaterThan(20)
    expect(JSON.parse(text).entry).toHaveLength(2)
  })
})

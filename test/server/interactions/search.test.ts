import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type App, startApp } from '../../support/app.ts'
import { mrn, numbered, observation, patient, put, send } from '../../support/make.ts'

let app: App
beforeAll(async () => {
  app = await startApp({ DEFAULT_PAGE: '3', MAX_PAGE: '5' })
  for (let n = 1; n <= 7; n++) await put(app, numbered(`${n}`, { id: `p${n}`, gender: 'female' }))
  await put(app, observation({ id: 'o', subject: { reference: 'Patient/p1' } }))
  await put(app, patient({ id: 'gone', gender: 'female' }))
  await send(app, ['DELETE', 'Patient/gone'])
})
afterAll(() => app.close())

const get = (path: string, headers: Record<string, string> = {}) =>
  app.request.get(`/fhir/${path}`).set(headers)
const form = (path: string, body: string) =>
  app.request
    .post(`/fhir/${path}`)
    .set('Content-Type', 'application/x-www-form-urlencoded')
    .send(body)
const idsOf = (body: { entry?: { resource: { id: string } }[] }): string[] =>
  (body.entry ?? []).map(({ resource }) => resource.id)
const linkOf = (body: { link: { relation: string; url: string }[] }, wanted: string) =>
  body.link.find(({ relation }) => relation === wanted)?.url

describe('search of a type', () => {
  test('answers a searchset with what matches, each with its address', async () => {
    const { status, body } = await get(`Patient?identifier=${mrn}|4`)
    expect(status).toBe(200)
    expect(body).toMatchObject({
      resourceType: 'Bundle',
      type: 'searchset',
      total: 1,
      link: [{ relation: 'self', url: expect.stringContaining(`${app.url}/fhir/Patient?`) }],
      entry: [{ fullUrl: `${app.url}/fhir/Patient/p4`, search: { mode: 'match' } }],
    })
    expect(body.entry[0].resource).toEqual((await get('Patient/p4')).body)
  })

  test('that finds nothing is an empty Bundle', async () => {
    const { body } = await get(`Patient?identifier=${mrn}|none`)
    expect([body.total, body.entry]).toEqual([0, undefined])
  })

  test('never finds what is deleted', async () => {
    expect((await get('Patient?_id=gone')).body.total).toBe(0)
  })

  test('by POST takes its parameters from the form, and from the address too', async () => {
    const { status, body } = await form(
      'Patient/_search?gender=female',
      `identifier=${encodeURIComponent(`${mrn}|4`)}`,
    )
    expect([status, idsOf(body)]).toEqual([200, ['p4']])
    expect(linkOf(body, 'self')).toMatch(/\/fhir\/Patient\?/)
    expect((await form('Patient/_search', '')).body.entry).toHaveLength(3)
  })

  test('by POST refuses what is no form', async () => {
    expect((await send(app, ['POST', 'Patient/_search'], {})).status).toBe(415)
    expect((await form('Patient', 'gender=female')).status).toBe(415)
  })
})

describe('search of all types', () => {
  test('by GET and by POST goes by what all types have', async () => {
    expect(idsOf((await get('?_id=p1,o')).body).sort()).toEqual(['o', 'p1'])
    expect(idsOf((await form('_search', '_id=p2')).body)).toEqual(['p2'])
  })

  test('by a parameter of one type alone answers 400', async () => {
    expect((await get('?gender=female')).status).toBe(400)
  })
})

describe('pages of a search', () => {
  const pages = async (path: string) => {
    const found: string[][] = []
    for (let at: string | undefined = path; at; ) {
      const { body } = await get(at)
      found.push(idsOf(body))
      at = linkOf(body, 'next')?.slice(app.url.length + 6)
    }
    return found
  }

  test('hold each match once, though others are written meanwhile', async () => {
    const found = await pages('Patient?gender=female&_count=2')
    expect(found.map(page => page.length)).toEqual([2, 2, 2, 1])
    expect(found.flat().sort()).toEqual(['p1', 'p2', 'p3', 'p4', 'p5', 'p6', 'p7'])
  })

  test('are of DEFAULT_PAGE where _count is absent, and of MAX_PAGE at most', async () => {
    expect((await get('Patient?gender=female')).body.entry).toHaveLength(3)
    expect((await get('Patient?gender=female&_count=100')).body.entry).toHaveLength(5)
  })

  test('keep _pretty and the search in their links', async () => {
    const { body } = await get('Patient?gender=female&_count=2&_pretty=true')
    expect(linkOf(body, 'next')).toMatch(/gender=female&_count=2&_pretty=true&_page=/)
  })

  test.each([
    ['_total=accurate', 7],
    ['_total=estimate', 7],
    ['_total=none', undefined],
    ['_count=2', undefined],
  ])('%s gives the total %s', async (query, total) => {
    expect((await get(`Patient?gender=female&${query}`)).body.total).toBe(total)
  })

  test.each(['_summary=count', '_count=0'])('%s gives the total alone', async query => {
    const { body } = await get(`Patient?gender=female&${query}`)
    expect([body.total, body.entry, linkOf(body, 'next')]).toEqual([7, undefined, undefined])
  })
})

describe('parts of what is found', () => {
  test.each([
    ['_summary=true', 'gender id identifier meta resourceType'],
    ['_summary=text', 'id meta resourceType'],
    ['_summary=data', 'gender id identifier meta resourceType'],
    ['_elements=gender', 'gender id meta resourceType'],
    ['_elements=Patient.identifier', 'id identifier meta resourceType'],
  ])('%s gives %s, marked as SUBSETTED', async (query, keys) => {
    const { body } = await get(`Patient?_id=p1&${query}`)
    const [{ resource }] = body.entry
    expect(Object.keys(resource).sort().join(' ')).toBe(keys)
    expect(resource.meta.tag).toEqual([expect.objectContaining({ code: 'SUBSETTED' })])
  })

  test('_summary=false gives all, unmarked', async () => {
    const { body } = await get('Patient?_id=p1&_summary=false')
    expect(body.entry[0].resource).toEqual((await get('Patient/p1')).body)
  })

  test('_summary of another word answers 400', async () => {
    expect((await get('Patient?_summary=all')).status).toBe(400)
  })
})

describe('handling of what a search does not know', () => {
  const unknown = 'Patient?_id=p1&wings=2'

  test('strict, and the default, answer 400 naming the parameter, not its value', async () => {
    for (const headers of [{}, { Prefer: 'handling=strict' }, { Prefer: 'respond-async' }]) {
      const { status, body } = await get(
        'Patient?_id=p1&wings=secret',
        headers as Record<string, string>,
      )
      expect(status).toBe(400)
      expect(body.issue[0].diagnostics).toContain('wings')
      expect(JSON.stringify(body)).not.toContain('secret')
    }
  })

  test.each([
    'handling=lenient',
    'return=minimal, handling=lenient',
    'HANDLING="lenient"',
    'respond-async; handling=lenient',
  ])('%s passes it over, and says so', async Prefer => {
    const { status, body } = await get(unknown, { Prefer })
    expect(status).toBe(200)
    const [match, told] = body.entry
    expect(match.resource.id).toBe('p1')
    expect(told).toMatchObject({
      search: { mode: 'outcome' },
      resource: { resourceType: 'OperationOutcome', issue: [{ severity: 'warning' }] },
    })
    expect(linkOf(body, 'self')).not.toContain('wings')
  })

  test('a malformed value answers 400 all the same', async () => {
    const lenient = { Prefer: 'handling=lenient' }
    expect((await get('Patient?birthdate=never', lenient)).status).toBe(400)
  })
})

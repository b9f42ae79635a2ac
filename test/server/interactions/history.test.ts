import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type App, startApp } from '../../support/app.ts'
import { observation, patient, put, send } from '../../support/make.ts'

interface Entry {
  fullUrl: string
  resource?: { id: string; meta: { versionId: string; lastUpdated: string } }
  request: { method: string; url: string }
  response: { status: string; etag: string; lastModified: string }
}

let app: App
beforeAll(async () => {
  app = await startApp({ DEFAULT_PAGE: '4', MAX_PAGE: '50' })
  await put(app, patient({ id: 'a', birthDate: '1980-01-01' }))
  await put(app, observation({ id: 'o' }))
  await put(app, patient({ id: 'a', birthDate: '1980-01-02' }))
  await send(app, ['DELETE', 'Patient/a'])
  await put(app, patient({ id: 'a', birthDate: '1980-01-03' }))
  await put(app, patient({ id: 'b' }))
})
afterAll(() => app.close())

const get = (path: string) => app.request.get(`/fhir/${path}`)
const nameOf = ({ fullUrl, response }: Entry): string =>
  `${fullUrl.split('/').slice(-2).join('/')} ${response.etag}`
const next = (body: { link: { relation: string; url: string }[] }): string | undefined =>
  body.link.find(({ relation }) => relation === 'next')?.url.slice(app.url.length + 6)

/** Every page from this one on; `between` runs after each. */
async function pages(path: string, between: () => Promise<unknown> = async () => {}) {
  const found: Entry[][] = []
  for (let at: string | undefined = path; at; ) {
    const { status, body } = await get(at)
    if (status !== 200) throw new Error(`${status} ${at}`)
    found.push(body.entry ?? [])
    at = next(body)
    await between()
  }
  return found
}

describe('history of an instance', () => {
  test('lists every version, newest first, the delete included', async () => {
    const { status, headers, body } = await get('Patient/a/_history')
    expect([status, headers['content-type']]).toEqual([200, 'application/fhir+json; charset=utf-8'])
    expect(body).toMatchObject({ resourceType: 'Bundle', type: 'history', total: 4 })
    expect(body.entry.map((entry: Entry) => [entry.request.method, entry.response.status])).toEqual(
      [
        ['PUT', '201'],
        ['DELETE', '204'],
        ['PUT', '200'],
        ['PUT', '201'],
      ],
    )
    expect(body.entry.map(nameOf)).toEqual([4, 3, 2, 1].map(n => `Patient/a W/"${n}"`))
    const [newest, deleted] = body.entry
    expect(deleted.resource).toBeUndefined()
    expect(deleted.response.lastModified).toMatch(/^\d{4}-.*Z$/)
    expect(newest.fullUrl).toBe(`${app.url}/fhir/Patient/a`)
    expect(newest.resource).toEqual((await get('Patient/a')).body)
    expect(newest.response.lastModified).toBe(newest.resource.meta.lastUpdated)
  })

  test('of what was created by POST says so', async () => {
    const { body } = await send(app, ['POST', 'Group'], {
      resourceType: 'Group',
      type: 'person',
      actual: true,
    })
    const { body: history } = await get(`Group/${body.id}/_history`)
    expect(history.entry[0].request).toEqual({ method: 'POST', url: 'Group' })
  })

  test('of one that ends deleted is there; of one that never was answers 404', async () => {
    await put(app, patient({ id: 'gone' }))
    await send(app, ['DELETE', 'Patient/gone'])
    const { status, body } = await get('Patient/gone/_history')
    expect([status, body.total, body.entry[0].request.method]).toEqual([200, 2, 'DELETE'])
    expect((await get('Patient/never/_history')).status).toBe(404)
  })

  test('keeps its total on every page', async () => {
    for (let n = 0; n < 5; n++) await put(app, patient({ id: 'five', birthDate: `198${n}-01-01` }))
    const first = (await get('Patient/five/_history?_count=2')).body
    expect([first.total, first.entry.length]).toEqual([5, 2])
    const second = (await get(next(first) ?? '')).body
    expect([second.total, second.entry.length]).toEqual([5, 2])
    const last = (await get(next(second) ?? '')).body
    expect([last.total, last.entry.length, next(last)]).toEqual([5, 1, undefined])
  })

  test('decimals keep their digits', async () => {
    const text = '{"resourceType":"Observation","id":"d","status":"final","code":{"text":"x"}'
    await send(app, ['PUT', 'Observation/d'], `${text},"valueQuantity":{"value":0.010}}`)
    expect((await get('Observation/d/_history')).text).toContain('"value":0.010}')
  })
})

describe('history of a type and of the system', () => {
  test('of a type holds that type alone, newest first', async () => {
    const all = (await pages('Patient/_history?_count=3')).flat()
    const names = all.map(nameOf)
    expect(names.filter(name => /\/[ab] /.test(name))).toEqual([
      'Patient/b W/"1"',
      'Patient/a W/"4"',
      'Patient/a W/"3"',
      'Patient/a W/"2"',
      'Patient/a W/"1"',
    ])
    const times = all.map(({ response }) => response.lastModified)
    expect(times).toEqual([...times].sort().reverse())
  })

  test('of the system holds all types in one order', async () => {
    const names = (await pages('_history')).flat().map(nameOf)
    const at = (name: string) => names.indexOf(name)
    expect(at('Patient/a W/"2"')).toBeLessThan(at('Observation/o W/"1"'))
    expect(at('Observation/o W/"1"')).toBeLessThan(at('Patient/a W/"1"'))
    expect(new Set(names).size).toBe(names.length)
  })

  test('of a type that holds nothing is an empty Bundle', async () => {
    const { status, body } = await get('Medication/_history')
    expect(status).toBe(200)
    expect(body).toMatchObject({ resourceType: 'Bundle', type: 'history' })
    expect(body.entry).toBeUndefined()
  })
})

describe('pages of a history', () => {
  test('_count is the size of a page, the default a setting, and the most another', async () => {
    const sizes = async (query: string) => (await get(`_history${query}`)).body.entry.length
    expect(await sizes('')).toBe(4)
    expect(await sizes('?_count=2')).toBe(2)
    for (let n = 0; n < 60; n++) await put(app, patient({ id: `many${n}` }))
    expect(await sizes('?_count=10000')).toBe(50)
  })

  test('while others write, no version comes twice and none is left out', async () => {
    const before = (await pages('_history?_count=50')).flat().map(nameOf)
    let n = 0
    const write = async () => {
      await put(app, patient({ id: `new${n++}` }))
      await put(app, patient({ id: 'a', birthDate: `19${10 + (n % 80)}-05-05` }))
      await send(app, ['DELETE', `Patient/many${n}`])
    }
    const during = (await pages('_history?_count=7', write)).flat().map(nameOf)
    expect(n).toBeGreaterThan(8)
    expect(during).toEqual(before)
  })

  test('links keep the format asked for, and name the base of the server', async () => {
    const { body } = await get('Patient/_history?_count=2&_format=json&_pretty=true')
    const [self, onward] = body.link
    expect(self.url).toBe(`${app.url}/fhir/Patient/_history?_count=2`)
    expect(onward.url).toMatch(/_count=2&_format=json&_pretty=true&_page=/)
    expect((await get(onward.url.slice(app.url.length + 6))).text).toMatch(/^\{\n/)
  })
})

describe('_since and _at', () => {
  test('_since gives what was written at that instant or after', async () => {
    const { body } = await get('Patient/a/_history?_count=50')
    const since = body.entry[2].response.lastModified
    const { entry } = (await get(`Patient/a/_history?_count=50&_since=${since}`)).body
    const expected = body.entry.filter((each: Entry) => each.response.lastModified >= since)
    expect(entry.map(nameOf)).toEqual(expected.map(nameOf))
    const none = (await get('Patient/a/_history?_since=2999-01-01T00:00:00Z')).body
    expect([none.total, none.entry]).toEqual([0, undefined])
  })

  test('the Bundle says from when to go on: nothing is to come that was before', async () => {
    for (const [id, path] of Object.entries({ one: '_history', two: 'Patient/_history' })) {
      const { meta } = (await get(`${path}?_count=2`)).body
      await put(app, patient({ id }))
      const { entry } = (await get(`${path}?_since=${meta.lastUpdated}`)).body
      expect(nameOf(entry[0])).toBe(`Patient/${id} W/"1"`)
      const { body } = await get(`${path}?_count=2`)
      expect((await get(next(body) ?? '')).body.meta).toBeUndefined()
    }
    expect((await get('Patient/a/_history')).body.meta).toBeUndefined()
  })

  test('_since takes an offset, its + encoded or not', async () => {
    for (const plus of ['+', '%2B'])
      expect(
        (await get(`_history?_since=2020-01-01T00:00:00${plus}05:30`)).body.entry,
      ).toHaveLength(4)
  })

  test('_at gives what was current then', async () => {
    await put(app, patient({ id: 'then', birthDate: '1980-01-01' }))
    const { body: first } = await get('Patient/then')
    await new Promise(resolve => setTimeout(resolve, 5))
    await put(app, patient({ id: 'then', birthDate: '1980-01-02' }))
    const versions = async (at: string) =>
      ((await get(`Patient/then/_history?_at=${at}`)).body.entry ?? []).map(
        (entry: Entry) => entry.resource?.meta.versionId,
      )
    expect(await versions(first.meta.lastUpdated)).toEqual(['1'])
    expect(await versions('2999-01-01T00:00:00Z')).toEqual(['2'])
    expect(await versions('2000-01-01T00:00:00Z')).toEqual([])
  })

  test('_at pages like any other', async () => {
    const all = (await pages('_history?_count=9&_at=2999-01-01T00:00:00Z')).flat()
    const urls = all.map(({ fullUrl }) => fullUrl)
    expect(new Set(urls).size).toBe(urls.length)
    expect(urls.length).toBeGreaterThan(30)
  })
})

test('versions come in part where that is asked for, also on the next page', async () => {
  const { body } = await get('Patient/a/_history?_elements=gender&_count=1')
  expect(Object.keys(body.entry[0].resource)).toEqual(['resourceType', 'id', 'meta'])
  expect(body.entry[0].resource.meta.tag[0].code).toBe('SUBSETTED')
  expect(next(body)).toContain('_elements=gender')
  const { entry } = (await get('Patient/a/_history?_summary=true&_count=50')).body
  expect(entry[0].resource.birthDate).toBeDefined()
  expect(entry.find(({ request }: Entry) => request.method === 'DELETE').resource).toBeUndefined()
})

test.each([
  ['_summary=count', 400],
  ['_count=0', 400],
  ['_count=x', 400],
  ['_count=-1', 400],
  ['_since=yesterday', 400],
  ['_at=2024-13-01', 400],
  ['_page=x', 400],
  ['_page=', 400],
  ['wings=2', 400],
  ['_sort=name', 400],
  ['_list=1', 422],
])('?%s answers %i on each kind of history', async (query, status) => {
  for (const path of ['_history', 'Patient/_history', 'Patient/a/_history'])
    expect((await get(`${path}?${query}`)).status).toBe(status)
})

test('an unknown parameter is passed over where the caller prefers lenient handling', async () => {
  const answer = await get('_history?wings=2').set('Prefer', 'handling=lenient')
  expect(answer.status).toBe(200)
  expect(answer.body.link[0].url).not.toContain('wings')
})

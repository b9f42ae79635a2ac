/** https://hl7.org/fhir/R4/search.html#contained */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type App, startApp } from '../../support/app.ts'
import { observation, patient, put, send } from '../../support/make.ts'

interface Entry {
  fullUrl?: string
  resource: { resourceType: string; id: string; issue?: { diagnostics: string }[] }
  search: { mode: string }
}

const drug = 'http://example.org/drug'
const medication = (id: string, code: string, more: object = {}): object => ({
  resourceType: 'Medication',
  id,
  code: { coding: [{ system: drug, code }] },
  ...more,
})
const request = (id: string, ...contained: object[]): object => ({
  resourceType: 'MedicationRequest',
  id,
  status: 'active',
  intent: 'order',
  subject: { reference: 'Patient/1' },
  medicationReference: { reference: '#m1' },
  contained,
})

let app: App
beforeAll(async () => {
  app = await startApp({ MAX_TOTAL: '4' })
  await put(app, medication('alone', 'red', { status: 'active' }))
  await put(app, request('r1', medication('m1', 'red', { status: 'active' })))
  await put(
    app,
    request(
      'r2',
      medication('m1', 'red', { status: 'inactive' }),
      medication('m2', 'blue', { status: 'active' }),
      { resourceType: 'Organization', id: 'o1', name: 'Asha Pharma' },
    ),
  )
  await put(app, {
    ...medication('whole', 'red', { status: 'active' }),
    contained: [medication('part', 'red', { status: 'active' })],
    ingredient: [{ itemReference: { reference: '#part' } }],
  })
})
afterAll(() => app.close())

const get = (path: string) => app.request.get(`/fhir/${path}`)

async function ask(path: string) {
  const { status, body } = await get(path)
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`)
  const entries = (body.entry ?? []) as Entry[]
  const links = Object.fromEntries(
    (body.link as { relation: string; url: string }[]).map(({ relation, url }) => [
      relation,
      url.replace(/^.*\/fhir\//, ''),
    ]),
  )
  const places = entries.map(({ fullUrl = '' }) => fullUrl.replace(/^.*\/fhir\//, ''))
  return { body, entries, places, links: links as { self: string; next?: string } }
}

/** The entries of each page from the first to the last. */
async function walk(path: string): Promise<string[][]> {
  const pages: string[][] = []
  for (let at: string | undefined = path; at !== undefined; ) {
    const { places, links }: Awaited<ReturnType<typeof ask>> = await ask(at)
    pages.push(places)
    at = links.next
    if (pages.length > 200) throw new Error('the pages do not end')
  }
  return pages
}

const red = `code=${drug}|red`

describe('what is contained', () => {
  test.each([
    ['is not found unless asked for', red, ['Medication/alone', 'Medication/whole']],
    [
      'is found by its container',
      `${red}&_contained=true`,
      ['Medication/whole', 'MedicationRequest/r1', 'MedicationRequest/r2'],
    ],
    [
      'comes itself where asked for',
      `${red}&_contained=true&_containedType=contained`,
      ['Medication/whole#part', 'MedicationRequest/r1#m1', 'MedicationRequest/r2#m1'],
    ],
    [
      'comes beside what stands alone, a container once',
      `${red}&_contained=both`,
      ['Medication/alone', 'Medication/whole', 'MedicationRequest/r1', 'MedicationRequest/r2'],
    ],
    [
      'comes beside what stands alone, itself',
      `${red}&_contained=both&_containedType=contained`,
      [
        'Medication/alone',
        'Medication/whole',
        'Medication/whole#part',
        'MedicationRequest/r1#m1',
        'MedicationRequest/r2#m1',
      ],
    ],
    [
      'meets all criteria as one resource',
      `${red}&status=inactive&_contained=true&_containedType=contained`,
      ['MedicationRequest/r2#m1'],
    ],
    ['is not met by two of them together', 'code=blue&status=inactive&_contained=true', []],
    [
      'is found without criteria',
      '_contained=true&_containedType=contained',
      [
        'Medication/whole#part',
        'MedicationRequest/r1#m1',
        'MedicationRequest/r2#m1',
        'MedicationRequest/r2#m2',
      ],
    ],
    ['is found by its own id', '_id=m2&_contained=true', ['MedicationRequest/r2']],
    [
      'is found by what it lacks',
      'status:not=active&_contained=true&_containedType=contained',
      ['MedicationRequest/r2#m1'],
    ],
    ['is not found by the id of its container', '_id=r1&_contained=true', []],
  ])('%s', async (_, query, found) => {
    const { places, entries, body } = await ask(`Medication?${query}`)
    expect(places.sort()).toEqual([...found].sort())
    expect(entries.every(({ search }) => search.mode === 'match')).toBe(true)
    expect(body.total).toBe(found.length)
  })

  test('comes as it stands in its container', async () => {
    const { entries } = await ask('Organization?name=asha&_contained=true&_containedType=contained')
    expect(entries[0]?.resource).toEqual({
      resourceType: 'Organization',
      id: 'o1',
      name: 'Asha Pharma',
    })
  })

  test('comes in part by _elements', async () => {
    const { entries } = await ask(
      'Medication?code=blue&_contained=true&_containedType=contained&_elements=status',
    )
    expect(entries[0]?.resource).toMatchObject({ id: 'm2', status: 'active' })
    expect(entries[0]?.resource).not.toHaveProperty('code')
  })

  test('is found on several types', async () => {
    const { places } = await ask('?_type=Medication,Organization&_id=m2,o1&_contained=true')
    expect(places).toEqual(['MedicationRequest/r2'])
  })

  test('is found by POST', async () => {
    const { body } = await app.request
      .post('/fhir/Medication/_search')
      .type('form')
      .send('code=blue&_contained=true')
    expect(body.entry).toHaveLength(1)
  })

  test('is found by what the container holds now', async () => {
    const path = 'Medication?code=grey&_contained=true&_containedType=contained'
    await put(app, request('turn', medication('m1', 'grey'), medication('m2', 'grey')))
    expect((await ask(path)).places).toHaveLength(2)
    await put(app, request('turn', medication('m1', 'grey')))
    expect((await ask(path)).places).toEqual(['MedicationRequest/turn#m1'])
    const {
      medicationReference: _,
      contained: __,
      ...bare
    } = request('turn') as Record<string, unknown>
    await put(app, { ...bare, medicationCodeableConcept: { text: 'grey' } })
    expect((await ask(path)).places).toEqual([])
    await put(app, request('turn', medication('m1', 'grey')))
    await send(app, ['DELETE', 'MedicationRequest/turn'])
    expect((await ask(path)).places).toEqual([])
  })

  test('is found by a parameter of one’s own', async () => {
    const parameter = {
      resourceType: 'SearchParameter',
      id: 'batch',
      url: 'http://example.org/SearchParameter/batch',
      name: 'batch',
      status: 'active',
      description: 'Batch',
      code: 'batch',
      base: ['Medication'],
      type: 'token',
      expression: 'Medication.batch.lotNumber',
    }
    await put(app, parameter)
    await app.server.reindex.idle()
    await put(app, request('own', medication('m1', 'white', { batch: { lotNumber: '7' } })))
    expect((await ask('Medication?batch=7&_contained=true')).places).toEqual([
      'MedicationRequest/own',
    ])
  })
})

describe('pages of what is contained', () => {
  const count = 7
  const each = 3
  beforeAll(async () => {
    for (let n = 0; n < count; n++) {
      const parts = Array.from({ length: each }, (_, m) =>
        patient({ id: `p${m}`, gender: 'other' }),
      )
      await put(app, {
        ...observation({ id: `c${n}`, subject: { reference: '#p0' } }),
        contained: [...parts, patient({ id: 'no', gender: 'male' })],
      })
      await put(app, patient({ id: `alone${n}`, gender: 'other' }))
    }
  })
  const inside = Array.from({ length: count }, (_, n) => count - 1 - n).flatMap(n =>
    Array.from({ length: each }, (_, m) => `Observation/c${n}#p${m}`),
  )
  const containers = Array.from({ length: count }, (_, n) => `Observation/c${count - 1 - n}`)
  const alone = Array.from({ length: count }, (_, n) => `Patient/alone${count - 1 - n}`)

  test.each([1, 2, 3, 4, 5, 7, 20, 21, 22])('hold %i each, newest containers first', async size => {
    const pages = await walk(
      `Patient?gender=other&_contained=true&_containedType=contained&_count=${size}`,
    )
    expect(pages.flat()).toEqual(inside)
    expect(pages.map(page => page.length)).toEqual(
      Array.from({ length: Math.ceil(inside.length / size) }, (_, n) =>
        Math.min(size, inside.length - n * size),
      ),
    )
  })

  test.each([1, 2, 3, 7, 10])('of %i hold each container once', async size => {
    const pages = await walk(`Patient?gender=other&_contained=true&_count=${size}`)
    expect(pages.flat()).toEqual(containers)
    expect(pages).toHaveLength(Math.ceil(count / size))
  })

  test.each([1, 2, 7, 9, 30])('of %i hold first what stands alone', async size => {
    const pages = await walk(
      `Patient?gender=other&_contained=both&_containedType=contained&_count=${size}`,
    )
    expect(pages.flat()).toEqual([...alone, ...inside])
    expect(pages.every(page => page.length <= size && page.length > 0)).toBe(true)
  })

  test.each([
    ['_lastUpdated', [...containers].reverse()],
    ['-_id', containers],
    ['_id', [...containers].reverse()],
  ])('are sorted by %s of the container', async (sort, wanted) => {
    const pages = await walk(`Patient?gender=other&_contained=true&_count=2&_sort=${sort}`)
    expect(pages.flat()).toEqual(wanted)
  })

  test('hold the rest of a container as it was', async () => {
    const first = await ask(
      'Patient?gender=other&_contained=true&_containedType=contained&_count=2&_sort=_lastUpdated',
    )
    expect(first.places).toEqual(['Observation/c0#p0', 'Observation/c0#p1'])
    await send(app, ['DELETE', 'Observation/c0'])
    const second = await ask(first.links.next ?? '')
    expect(second.places).toEqual(['Observation/c0#p2', 'Observation/c1#p0'])
    await put(app, {
      ...observation({ id: 'c0', subject: { reference: '#p0' } }),
      contained: [patient({ id: 'p0', gender: 'unknown' })],
    })
  })

  test('go on through many containers where nothing matches', async () => {
    for (let n = 0; n < 120; n++)
      await put(app, {
        ...observation({ id: `many${n}`, subject: { reference: '#g' } }),
        contained: [
          { resourceType: 'Group', id: 'g', type: 'person', actual: true, code: { text: `t${n}` } },
        ],
      })
    const query = 'Group?code:text=t7&_contained=true&_count=3'
    const found = (await walk(query)).flat()
    expect(found).toEqual(
      ['79', '78', '77', '76', '75', '74', '73', '72', '71', '70', '7'].map(
        n => `Observation/many${n}`,
      ),
    )
  })

  test('tell no number unless asked, and count up to MAX_TOTAL', async () => {
    const path = 'Group?code:text=t7&_contained=true&_count=3'
    expect((await ask(path)).body.total).toBeUndefined()
    const counted = await ask(`${path}&_total=accurate`)
    expect(counted.body.total).toBe(4)
    expect(counted.entries.at(-1)?.resource.issue?.[0]?.diagnostics).toMatch(/more than 4/)
    expect((await ask(`${path}&_summary=count`)).body).toMatchObject({ total: 11 })
    expect((await ask('Medication?_contained=both&code=red&_summary=count')).body.total).toBe(4)
  })

  test('are explained by their containers', async () => {
    const { entries } = await ask('Group?code:text=t7&_contained=true&_count=1&_explain=true')
    expect(JSON.stringify(entries.at(-1)?.resource)).toContain('~contained')
  })
})

describe('what is contained, while others write', () => {
  test.each(['contained', 'container'])('is on one page each, by %s', async as => {
    const tag = `at-${as}`
    const holder = (n: number, ...ids: string[]) => ({
      ...observation({ id: `${tag}-${n}`, subject: { reference: `#${ids[0]}` } }),
      contained: ids.map(id => patient({ id, name: [{ family: tag }] })),
    })
    const all = Array.from({ length: 30 }, (_, n) => n)
    for (const n of all) await put(app, holder(n, 'a', 'b'))
    const found: string[] = []
    let path: string | undefined =
      `Patient?family:exact=${tag}&_contained=true&_containedType=${as}&_count=5`
    for (let turn = 0; path !== undefined; turn++) {
      const page: Awaited<ReturnType<typeof ask>> = await ask(path)
      found.push(...page.places)
      path = page.links.next
      await put(app, holder(100 + turn, 'a'))
      await put(app, holder((turn * 7) % 30, 'a', 'b', 'c'))
      await send(app, ['DELETE', `Observation/${tag}-${(turn * 11 + 3) % 30}`])
    }
    const wanted = all.flatMap(n =>
      as === 'container'
        ? [`Observation/${tag}-${n}`]
        : [`Observation/${tag}-${n}#a`, `Observation/${tag}-${n}#b`],
    )
    expect(found.sort()).toEqual(wanted.sort())
  })
})

describe('many containers where nothing matches', () => {
  beforeAll(async () => {
    for (let from = 0; from < 2100; from += 300)
      await send(app, ['POST', ''], {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: Array.from({ length: 300 }, (_, n) => ({
          request: { method: 'PUT', url: `Basic/heap${from + n}` },
          resource: {
            resourceType: 'Basic',
            id: `heap${from + n}`,
            code: { text: 'heap' },
            contained: [{ resourceType: 'Device', id: 'd', lotNumber: `lot-${from + n}` }],
          },
        })),
      }).expect(200)
  })

  test('are gone through in pages, which may be empty', async () => {
    const pages = await walk('Device?_id=none&_contained=true')
    expect(pages).toEqual([[], []])
    const { body } = await get('Device?_id=none&_contained=true&_total=accurate')
    expect(body.total).toBe(0)
  })

  test('are not counted for longer than a search may take', async () => {
    const other = await startApp({ SEARCH_TIME: '100' })
    const entry = Array.from({ length: 400 }, () => ({
      request: { method: 'POST', url: 'Basic' },
      resource: {
        resourceType: 'Basic',
        code: { text: 'heap' },
        contained: Array.from({ length: 20 }, (_, n) => patient({ id: `p${n}` })),
      },
    }))
    try {
      for (let turn = 0; turn < 6; turn++)
        await send(other, ['POST', ''], {
          resourceType: 'Bundle',
          type: 'transaction',
          entry,
        }).expect(200)
      const counted = await other.request.get('/fhir/Patient?_contained=true&_summary=count')
      expect(counted.status).toBe(503)
      expect(counted.body.issue[0].diagnostics).toMatch(/takes too long/)
      const sorted = await other.request.get('/fhir/Patient?_contained=true&_sort=gender')
      expect(sorted.status).toBe(503)
      expect(sorted.body.issue[0].diagnostics).toMatch(/takes too long/)
      const page = await other.request.get(
        '/fhir/Patient?_id=none&_contained=true&_elements=gender',
      )
      expect([page.status, page.body.entry]).toEqual([200, undefined])
      expect(page.body.link.map(({ relation }: { relation: string }) => relation)).toContain('next')
    } finally {
      await other.close()
    }
  })
})

describe('with _contained', () => {
  test.each([
    ['Patient/1/Patient?_contained=true', 422, 'compartment'],
    ['Patient/1/*?_contained=both', 422, 'compartment'],
    ['Medication?_contained=yes', 400, '_contained takes one of'],
    ['Medication?_contained=true&_containedType=both', 400, '_containedType takes one of'],
    ['Medication?~contained=Medication', 400, 'not a search parameter'],
    ['Medication?_sort=~contained', 400, 'not a search parameter'],
  ])('%s is refused', async (path, status, why) => {
    const answer = await get(path)
    expect([answer.status, answer.body.issue[0].diagnostics]).toEqual([
      status,
      expect.stringContaining(why),
    ])
  })

  test('no condition of a write is met', async () => {
    const { status } = await send(app, ['POST', 'Medication'], medication('x', 'red'), {
      headers: { 'If-None-Exist': `${red}&_contained=true` },
    })
    expect(status).toBe(422)
  })

  test('a link to a page is of no use to another search', async () => {
    const { links } = await ask('Patient?gender=other&_contained=true&_count=1')
    const other = (links.next ?? '').replace('_contained=true', '_contained=both')
    expect((await get(other)).status).toBe(400)
  })
})

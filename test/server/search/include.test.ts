/** _include and _revinclude. https://hl7.org/fhir/R4/search.html#include */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type App, startApp } from '../../support/app.ts'
import { observation, patient, put, send } from '../../support/make.ts'

let app: App
beforeAll(async () => {
  app = await startApp({ MAX_INCLUDES: '4' })
  const own = (name: string) => ({ reference: `${app.url}/fhir/${name}` })
  const all = [
    { resourceType: 'Organization', id: 'top' },
    { resourceType: 'Organization', id: 'ward', partOf: to('Organization/top') },
    { resourceType: 'Practitioner', id: 'doc' },
    patient({ id: 'a', managingOrganization: to('Organization/ward'), gender: 'female' }),
    patient({ id: 'b', link: [{ other: to('Patient/c'), type: 'seealso' }] }),
    patient({ id: 'c', link: [{ other: to('Patient/b'), type: 'seealso' }] }),
    patient({ id: 'gone' }),
    observation({ id: 'o1', subject: to('Patient/a'), performer: [to('Practitioner/doc')] }),
    observation({ id: 'o2', subject: own('Patient/a'), hasMember: [to('Observation/o1')] }),
    observation({ id: 'o3', subject: to('Patient/gone'), performer: [to('Practitioner/none')] }),
    observation({ id: 'o4', subject: to('http://elsewhere.example/fhir/Patient/b') }),
    { resourceType: 'Group', id: 'g', type: 'person', actual: true },
    observation({ id: 'o5', subject: to('Group/g') }),
    ...['1', '2'].map(version => ({
      resourceType: 'Questionnaire',
      id: `q${version}`,
      status: 'active',
      url: 'http://example.org/q',
      version,
    })),
    {
      resourceType: 'QuestionnaireResponse',
      id: 'r1',
      status: 'completed',
      questionnaire: 'http://example.org/q|1',
    },
    {
      resourceType: 'QuestionnaireResponse',
      id: 'r0',
      status: 'completed',
      questionnaire: 'http://example.org/q',
    },
  ]
  for (const resource of all) await put(app, resource)
  await send(app, ['DELETE', 'Patient/gone'])
})
afterAll(() => app.close())

const to = (reference: string) => ({ reference })
const get = (path: string) => app.request.get(`/fhir/${path}`)

interface Entry {
  resource: { resourceType: string; id: string }
  search: { mode: string }
}

const namesOf = (body: { entry?: Entry[] }, mode: string): string[] =>
  (body.entry ?? [])
    .filter(({ search }) => search.mode === mode)
    .map(({ resource }) => `${resource.resourceType}/${resource.id}`)

const nextOf = (body: { link: { relation: string; url: string }[] }) =>
  body.link.find(({ relation }) => relation === 'next')?.url

async function included(query: string): Promise<string[]> {
  const { status, body } = await get(query)
  if (status !== 200) throw new Error(JSON.stringify(body))
  return namesOf(body, 'include').sort()
}

describe('_include', () => {
  test.each([
    ['Observation?_id=o1&_include=Observation:subject', 'Patient/a'],
    ['Observation?_id=o1,o2&_include=Observation:subject', 'Patient/a'],
    ['Observation?_id=o2&_include=Observation:patient', 'Patient/a'],
    ['Observation?_id=o5&_include=Observation:patient', ''],
    ['Observation?_id=o1,o5&_include=Observation:subject:Group', 'Group/g'],
    ['Observation?_id=o3&_include=Observation:subject&_include=Observation:performer', ''],
    ['Observation?_id=o4&_include=Observation:subject', ''],
    [
      'Observation?_id=o1&_include=Observation:subject&_include=Observation:performer',
      'Patient/a Practitioner/doc',
    ],
    ['Observation?_id=o1&_include=Observation:*', 'Patient/a Practitioner/doc'],
    ['Observation?_id=o1&_include=Observation:*:Patient', 'Patient/a'],
    ['Observation?_id=o1&_include=*', 'Patient/a Practitioner/doc'],
    ['?_id=o1&_include=*', 'Patient/a Practitioner/doc'],
    ['Observation?_id=o1,o2&_include=Observation:has-member', ''],
    ['Observation?_id=o2&_include=Observation:has-member', 'Observation/o1'],
  ])('%s adds %s', async (query, wanted) => {
    expect((await included(query)).join(' ')).toBe(wanted)
  })

  test('adds what a canonical means, of the version it names', async () => {
    const by = (id: string) =>
      included(`QuestionnaireResponse?_id=${id}&_include=QuestionnaireResponse:questionnaire`)
    expect([await by('r1'), await by('r0')]).toEqual([
      ['Questionnaire/q1'],
      ['Questionnaire/q1', 'Questionnaire/q2'],
    ])
  })
})

describe('_revinclude', () => {
  test.each([
    ['Patient?_id=a&_revinclude=Observation:subject', 'Observation/o1 Observation/o2'],
    ['Patient?_id=a&_revinclude=Observation:patient', 'Observation/o1 Observation/o2'],
    ['Patient?_id=a&_revinclude=Observation:*', 'Observation/o1 Observation/o2'],
    ['Patient?_id=a&_revinclude=*', 'Observation/o1 Observation/o2'],
    ['Group?_revinclude=Observation:subject:Group', 'Observation/o5'],
    ['Patient?_id=a&_revinclude=Observation:subject:Group', ''],
    ['Patient?_id=b&_revinclude=Observation:subject', ''],
    [
      'Questionnaire?_id=q1&_revinclude=QuestionnaireResponse:questionnaire',
      'QuestionnaireResponse/r0 QuestionnaireResponse/r1',
    ],
    [
      'Questionnaire?_id=q2&_revinclude=QuestionnaireResponse:questionnaire',
      'QuestionnaireResponse/r0',
    ],
    [
      'Patient?_id=a&_revinclude=Observation:subject&_include=Patient:organization',
      'Observation/o1 Observation/o2 Organization/ward',
    ],
  ])('%s adds %s', async (query, wanted) => {
    expect((await included(query)).join(' ')).toBe(wanted)
  })
})

describe(':iterate', () => {
  test.each([
    ['Observation?_id=o1&_include=Observation:patient&_include=Patient:organization', 'Patient/a'],
    [
      'Observation?_id=o1&_include=Observation:patient&_include:iterate=Patient:organization',
      'Organization/ward Patient/a',
    ],
    [
      'Observation?_id=o1&_include=Observation:patient&_include:recurse=Patient:organization&_include:iterate=Organization:partof',
      'Organization/top Organization/ward Patient/a',
    ],
    ['Patient?_id=b&_include:iterate=Patient:link', 'Patient/c'],
    ['Patient?_id=b,c&_include:iterate=Patient:link', ''],
    [
      'Organization?_id=top&_revinclude:iterate=Organization:partof&_revinclude:iterate=Patient:organization',
      'Organization/ward Patient/a',
    ],
    ['Organization?_id=ward&_include:iterate=*', 'Organization/top'],
  ])('%s adds %s', async (query, wanted) => {
    expect((await included(query)).join(' ')).toBe(wanted)
  })
})

describe('what is included', () => {
  test('comes after the matches, does not count, and is told from them', async () => {
    const { body } = await get('Patient?_id=a&_revinclude=Observation:subject&_total=accurate')
    expect(body.total).toBe(1)
    expect(body.entry.map((entry: Entry) => entry.search.mode)).toEqual([
      'match',
      'include',
      'include',
    ])
    expect(body.entry[1].fullUrl).toMatch(`${app.url}/fhir/Observation/o`)
  })

  test('is the newest version', async () => {
    await put(
      app,
      patient({ id: 'a', managingOrganization: to('Organization/ward'), gender: 'male' }),
    )
    const { body } = await get('Observation?_id=o1&_include=Observation:subject')
    expect(body.entry[1].resource).toMatchObject({ gender: 'male', meta: { versionId: '2' } })
  })

  test('by a search that counts only is nothing', async () => {
    const { body } = await get('Observation?_id=o1&_include=Observation:subject&_count=0')
    expect([body.total, body.entry]).toEqual([1, undefined])
  })

  test('keeps its elements where those asked for name no type', async () => {
    const query = 'Observation?_id=o1&_include=Observation:subject&_elements='
    const keys = async (elements: string) =>
      (await get(query + elements)).body.entry.map((entry: Entry) =>
        Object.keys(entry.resource).sort().join(' '),
      )
    const whole = 'gender id managingOrganization meta resourceType'
    expect(await keys('status')).toEqual(['code id meta resourceType status', whole])
    expect(await keys('Observation.status,Patient.gender')).toEqual([
      'code id meta resourceType status',
      'gender id meta resourceType',
    ])
  })

  test('is summarised as the matches are', async () => {
    const { body } = await get('Observation?_id=o1&_include=Observation:subject&_summary=data')
    expect(body.entry[1].resource.meta.tag).toEqual([
      expect.objectContaining({ code: 'SUBSETTED' }),
    ])
  })

  test('works by POST too', async () => {
    const { body } = await app.request
      .post('/fhir/Observation/_search')
      .type('form')
      .send('_id=o1&_include=Observation:subject')
    expect(namesOf(body, 'include')).toEqual(['Patient/a'])
  })
})

describe('an include that cannot be followed', () => {
  test.each([
    ['_include=Observation:subjct', 'subject'],
    ['_include=Observation:status', 'not a reference parameter'],
    ['_include=Obervation:subject', 'Observation'],
    ['_include=Observation:subject:Patent', 'Patient'],
    ['_include=Observation:subject:Practitioner', 'Group, Device, Patient'],
    ['_include=Observation', 'Type:parameter'],
    ['_include=*:subject', 'name the type'],
    ['_include=', 'Type:parameter'],
    ['_include=Observation:subject:Patient:x', 'Type:parameter'],
    ['_include:once=Observation:subject', ':iterate'],
    ['_revinclude=Provenance:targt', 'target'],
    ['_include=Observation:subject&_summary=text', '_summary=text'],
  ])('%s answers 400 and names %s', async (query, named) => {
    const { status, body } = await get(`Observation?${query}`)
    expect([status, body.issue[0].diagnostics]).toEqual([400, expect.stringContaining(named)])
  })

  test('is one of more than 50', async () => {
    const many = (n: number) => Array(n).fill('_include=Observation:subject').join('&')
    expect((await get(`Observation?${many(50)}`)).status).toBe(200)
    const { status, body } = await get(`Observation?${many(51)}`)
    expect([status, body.issue[0].code]).toEqual([422, 'too-costly'])
  })

  test('is passed over with a warning where handling is lenient', async () => {
    const { status, body } = await get('Observation?_id=o1&_include=Observation:subjct').set(
      'Prefer',
      'handling=lenient',
    )
    expect([status, namesOf(body, 'include')]).toEqual([200, []])
    expect(body.entry[1].search.mode).toBe('outcome')
    expect(body.link[0].url).not.toContain('_include')
  })

  test.each([
    'Observation?_id=o1&_include=Patient:organization',
    'Group?_id=g&_revinclude=Encounter:practitioner',
  ])('%s says that it adds nothing', async query => {
    const { body } = await get(query)
    expect(body.entry[1].resource.issue[0].diagnostics).toContain(':iterate')
  })
})

describe('more than MAX_INCLUDES', () => {
  const many = ['m1', 'm2', 'm3']
  beforeAll(async () => {
    for (const id of many) {
      await put(app, patient({ id, gender: 'other', managingOrganization: to('Organization/top') }))
      for (const n of [1, 2, 3])
        await put(
          app,
          observation({
            id: `${id}-${n}`,
            subject: to(`Patient/${id}`),
            performer: [to('Practitioner/doc')],
          }),
        )
    }
    for (let n = 1; n <= 11; n++)
      await put(
        app,
        observation({ id: `b-${n}`, subject: to('Patient/b'), focus: [to('Patient/b')] }),
      )
  })

  const walk = async (path: string) => {
    const pages: { matches: string[]; included: string[] }[] = []
    for (let at: string | undefined = path; at; ) {
      const { status, body } = await get(at)
      if (status !== 200 || pages.length > 50) throw new Error(JSON.stringify(body).slice(0, 500))
      pages.push({ matches: namesOf(body, 'match'), included: namesOf(body, 'include') })
      at = nextOf(body)?.slice(app.url.length + 6)
    }
    return pages
  }

  test('put fewer matches on a page', async () => {
    const pages = await walk('Patient?gender=other&_revinclude=Observation:subject')
    expect(pages.map(({ matches, included }) => [matches.length, included.length])).toEqual([
      [1, 3],
      [1, 3],
      [1, 3],
    ])
    expect(pages.flatMap(({ matches }) => matches).sort()).toEqual(many.map(id => `Patient/${id}`))
  })

  test('can be walked back', async () => {
    const first = await get('Patient?gender=other&_revinclude=Observation:subject&_count=2')
    const second = await app.request.get(nextOf(first.body)?.slice(app.url.length) ?? '')
    const previous = second.body.link.find(
      ({ relation }: { relation: string }) => relation === 'previous',
    )
    const back = await app.request.get(previous.url.slice(app.url.length))
    expect(namesOf(back.body, 'match')).toEqual(namesOf(first.body, 'match'))
  })

  test('of one match come on pages of their own, each once', async () => {
    const pages = await walk(
      'Patient?_id=b,m1&_sort=_lastUpdated&_revinclude=Observation:subject&_revinclude=Observation:focus&_include=Patient:link',
    )
    expect(pages.map(({ matches }) => matches.length)).toEqual([1, 0, 0, 0, 1])
    const found = pages.slice(0, 4).flatMap(({ included }) => included)
    const wanted = Array.from({ length: 11 }, (_, n) => `Observation/b-${n + 1}`)
    expect(found.sort()).toEqual([...wanted, 'Patient/c'].sort())
    expect(pages.every(page => page.included.length <= 4)).toBe(true)
    expect(pages.at(-1)?.included.sort()).toEqual([
      'Observation/m1-1',
      'Observation/m1-2',
      'Observation/m1-3',
    ])
  })

  test('lose nothing where each brings others by :iterate', async () => {
    const pages = await walk(
      'Organization?_id=top&_revinclude=Patient:organization&_revinclude:iterate=Observation:subject&_include:iterate=Observation:performer',
    )
    const found = new Set(pages.flatMap(({ included }) => included))
    const wanted = many.flatMap(id => [
      `Patient/${id}`,
      ...[1, 2, 3].map(n => `Observation/${id}-${n}`),
    ])
    expect([...found].sort()).toEqual([...wanted, 'Practitioner/doc'].sort())
    expect(pages.every(page => page.included.length <= 4)).toBe(true)
  })

  test('end also where all refer to all', async () => {
    const crowd = Array.from({ length: 9 }, (_, n) => `crowd-${n}`)
    for (const id of crowd)
      await put(
        app,
        patient({
          id,
          link: crowd.map(other => ({ other: to(`Patient/${other}`), type: 'seealso' })),
        }),
      )
    const first = await get('Patient?_id=crowd-0&_include:iterate=Patient:link')
    expect(namesOf(first.body, 'match')).toEqual(['Patient/crowd-0'])
  })
})

describe('a reference that names a version', () => {
  const result = (value: number) =>
    put(app, observation({ id: 'v', subject: to('Patient/c'), valueQuantity: { value } }))
  const report = (id: string, ...results: string[]) =>
    put(app, {
      resourceType: 'DiagnosticReport',
      id,
      status: 'final',
      code: { text: id },
      result: results.map(to),
    })
  beforeAll(async () => {
    for (const value of [1, 2, 3]) await result(value)
    const own = `${app.url}/fhir/Observation/v/_history/2`
    await report('first', 'Observation/v/_history/1')
    await report('second', own, 'Observation/v/_history/2')
    await report('newest', 'Observation/v/_history/3', 'Observation/v')
    await report('both', 'Observation/v', 'Observation/v/_history/1')
    await report('never', 'Observation/v/_history/99', 'Observation/v/_history/x')
    await put(app, observation({ id: 'ended' }))
    await send(app, ['DELETE', 'Observation/ended'])
    await report('gone', 'Observation/ended/_history/1', 'Observation/none/_history/1')
  })

  /** What comes on all pages: the id, version and value of each. */
  const includedBy = async (query: string): Promise<string[]> => {
    const found: string[] = []
    let next: string | undefined = `/fhir/${query}`
    while (next) {
      const { status, body } = await app.request.get(next)
      expect(status).toBe(200)
      for (const { resource, search } of body.entry ?? [])
        if (search.mode === 'include')
          found.push(
            `${resource.id} ${resource.meta.versionId} ${resource.valueQuantity?.value ?? ''}`,
          )
      next = body.link
        .find(({ relation }: { relation: string }) => relation === 'next')
        ?.url.slice(app.url.length)
    }
    return found
  }

  test.each([
    ['first', ['v 1 1']],
    ['second', ['v 2 2']],
    ['newest', ['v 3 3']],
    ['both', ['v 3 3', 'v 1 1']],
    ['never', ['v 3 3']],
    ['gone', []],
  ])('brings it: %s', async (id, wanted) => {
    expect(await includedBy(`DiagnosticReport?_id=${id}&_include=DiagnosticReport:result`)).toEqual(
      wanted,
    )
  })

  test('brings it once for all of a page', async () => {
    const all = await includedBy(
      'DiagnosticReport?_id=first,second,newest,both&_sort=_id&_include=DiagnosticReport:result',
    )
    expect(all.sort()).toEqual(['v 1 1', 'v 2 2', 'v 3 3'])
  })

  test('leads on from that version, and is found from the newest', async () => {
    const onward = '_include=DiagnosticReport:result&_include:iterate=Observation:subject'
    expect(await includedBy(`DiagnosticReport?_id=first&${onward}`)).toEqual(['v 1 1', 'c 1 '])
    for (const back of ['DiagnosticReport:result', '*'])
      expect((await includedBy(`Observation?_id=v&_revinclude=${back}`)).sort()).toEqual(
        ['both', 'first', 'never', 'newest', 'second'].map(id => `${id} 1 `),
      )
  })

  test.each([
    ['_id=first&result.subject=Patient/c', true],
    ['_id=first,both&result:Observation.status=final&_count=1', true],
    ['_id=newest&result.subject=Patient/c', false],
    ['_id=never&result.subject=Patient/c', false],
    ['_id=first', false],
  ])('is told where a chain looks at another one: %s', async (query, isTold) => {
    const { body } = await get(`DiagnosticReport?${query}`)
    expect(namesOf(body, 'match')).toHaveLength(1)
    const outcomes = (body.entry ?? []).filter(({ search }: Entry) => search.mode === 'outcome')
    expect(JSON.stringify(outcomes).includes('the chain looked at the newest one')).toBe(isTold)
  })

  test('brings all of them over several pages, where they are many', async () => {
    for (let value = 4; value <= 9; value++) await result(value)
    const versions = [1, 2, 3, 4, 5, 6, 7, 8]
    await report('many', ...versions.map(n => `Observation/v/_history/${n}`))
    const found = await includedBy('DiagnosticReport?_id=many&_include=DiagnosticReport:result')
    expect(found.sort()).toEqual(versions.map(n => `v ${n} ${n}`))
  })
})

/** What is contained, in order, by what it refers to, and with what comes with it. https://hl7.org/fhir/R4/search.html#contained */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type App, startApp } from '../../support/app.ts'
import { observation, patient, put, send } from '../../support/make.ts'

interface Entry {
  fullUrl?: string
  resource: { resourceType: string; id: string }
  search: { mode: string }
}

let app: App
const held = (id: string, given: string | undefined, more: object = {}) =>
  patient({ id, ...(given ? { name: [{ given: [given], family: 'Within' }] } : {}), ...more })
const holder = (id: string, ...contained: object[]) => ({
  ...observation({ id, subject: { reference: '#a' } }),
  contained,
})

beforeAll(async () => {
  app = await startApp({ MAX_INCLUDES: '4' })
  await put(app, { resourceType: 'Organization', id: 'ruby', name: 'Ruby Hall' })
  await put(app, { resourceType: 'Organization', id: 'kem', name: 'KEM' })
  const at = (id: string) => ({ managingOrganization: { reference: `Organization/${id}` } })
  await put(app, held('alone1', 'Chitra', { gender: 'female', ...at('kem') }))
  await put(app, held('alone2', 'Esha', { gender: 'female', birthDate: '1990' }))
  await put(app, holder('one', held('a', 'Dev', at('ruby')), held('b', 'Asha', at('kem'))))
  await put(app, {
    ...holder('two', held('a', 'Farah', { birthDate: '1980' })),
    performer: [{ reference: 'Organization/ruby' }],
  })
  await put(app, holder('three', held('a', undefined), held('b', 'Bala')))
  await put(app, {
    resourceType: 'MedicationRequest',
    id: 'order',
    status: 'active',
    intent: 'order',
    subject: { reference: 'Patient/alone1' },
    medicationReference: { reference: '#m' },
    contained: [
      { resourceType: 'Medication', id: 'm', manufacturer: { reference: '#o' }, status: 'active' },
      { resourceType: 'Medication', id: 'n', manufacturer: { reference: 'Organization/ruby' } },
      { resourceType: 'Organization', id: 'o', name: 'Sun Pharma' },
    ],
  })
  await put(app, {
    resourceType: 'DiagnosticReport',
    id: 'report',
    status: 'final',
    code: { text: 'x' },
    result: [{ reference: '#own' }, { reference: '#other' }],
    contained: [
      observation({ id: 'own', subject: { reference: 'Patient/alone1' } }),
      observation({ id: 'other', subject: { reference: 'Patient/nobody' } }),
    ],
  })
})
afterAll(() => app.close())

async function ask(path: string) {
  const { status, body } = await app.request.get(`/fhir/${path}`)
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`)
  const entries = (body.entry ?? []) as Entry[]
  const of = (mode: string) =>
    entries
      .filter(({ search }) => search.mode === mode)
      .map(({ fullUrl = '' }) => fullUrl.replace(/^.*\/fhir\//, ''))
  const links = body.link as { relation: string; url: string }[]
  const next = links.find(({ relation }) => relation === 'next')?.url.replace(/^.*\/fhir\/?/, '')
  return { body, found: of('match'), included: of('include'), next }
}

async function walk(path: string) {
  const pages: Awaited<ReturnType<typeof ask>>[] = []
  for (let at: string | undefined = path; at !== undefined; at = pages.at(-1)?.next) {
    pages.push(await ask(at))
    if (pages.length > 50) throw new Error('the pages do not end')
  }
  return pages
}

const itself = '_contained=true&_containedType=contained'
const names = [
  'Observation/one#b', // Asha
  'Observation/three#b', // Bala
  'Observation/one#a', // Dev
  'Observation/two#a', // Farah
]

describe('sorted', () => {
  test.each([
    [`Patient?${itself}&_sort=given`, [...names, 'Observation/three#a']],
    [`Patient?${itself}&_sort=-given`, [...[...names].reverse(), 'Observation/three#a']],
    [
      'Patient?_contained=true&_sort=given',
      ['Observation/one', 'Observation/three', 'Observation/two'],
    ],
    [
      'Patient?_contained=true&_sort=-given',
      ['Observation/two', 'Observation/one', 'Observation/three'],
    ],
    [
      'Patient?_contained=both&_containedType=contained&_sort=given',
      [
        'Observation/one#b',
        'Observation/three#b',
        'Patient/alone1',
        'Observation/one#a',
        'Patient/alone2',
        'Observation/two#a',
        'Observation/three#a',
      ],
    ],
    [
      'Patient?_contained=both&_containedType=contained&_sort=birthdate,-given',
      [
        'Observation/two#a',
        'Patient/alone2',
        'Observation/one#a',
        'Patient/alone1',
        'Observation/three#b',
        'Observation/one#b',
        'Observation/three#a',
      ],
    ],
    [
      '?_type=Organization,Patient&_contained=both&_containedType=contained&_sort=name&name=kem,ruby,ch,dev',
      ['Patient/alone1', 'Observation/one#a', 'Organization/kem', 'Organization/ruby'],
    ],
    [
      'Patient?_contained=both&_sort=-_lastUpdated',
      [
        'Observation/three',
        'Observation/two',
        'Observation/one',
        'Patient/alone2',
        'Patient/alone1',
      ],
    ],
  ])('%s on pages of any size', async (path, wanted) => {
    for (const count of [1, 2, 3, 10]) {
      const pages = await walk(`${path}&_count=${count}`)
      expect(pages.flatMap(({ found }) => found)).toEqual(wanted)
      expect(pages).toHaveLength(Math.ceil(wanted.length / count))
    }
  })

  test('as it was at the first page, while others write', async () => {
    const path = 'Patient?_contained=both&_containedType=contained&_sort=family,given&family=moving'
    const moving = (id: string, given: string) =>
      patient({ id, name: [{ family: 'Moving', given: [given] }] })
    const all: [string, object][] = [...'ponmlkjihgfedcba'].map((letter, n) => [
      n % 3 ? `Patient/w${letter}` : `Observation/w${letter}#a`,
      n % 3 ? moving(`w${letter}`, letter) : holder(`w${letter}`, moving('a', letter)),
    ])
    for (const [, resource] of all) await put(app, resource)
    const found: string[] = []
    for (let at: string | undefined = `${path}&_count=3`, turn = 0; at; turn++) {
      const page: Awaited<ReturnType<typeof ask>> = await ask(at)
      found.push(...page.found)
      at = page.next
      await put(app, moving(`new${turn}`, 'a'))
      await put(app, holder(`new${turn}`, moving('a', 'z')))
      await send(app, ['DELETE', (all[(turn * 5) % all.length]?.[0] ?? '').replace(/#.*/, '')])
    }
    expect(found).toEqual(all.map(([place]) => place).reverse())
  })
})

describe('found by others', () => {
  test.each([
    [`Patient?${itself}&organization.name=ruby`, ['Observation/one#a']],
    [`Patient?${itself}&organization:Organization.name=ruby&given=asha`, []],
    [`Patient?_contained=both&organization.name=kem`, ['Patient/alone1', 'Observation/one']],
    [
      `Patient?_contained=both&_sort=given&organization.name=kem`,
      ['Observation/one', 'Patient/alone1'],
    ],
    // By what is in the same container.
    [`Medication?${itself}&manufacturer.name=sun`, ['MedicationRequest/order#m']],
    [`Medication?${itself}&manufacturer.name=ruby`, ['MedicationRequest/order#n']],
    [
      `Medication?${itself}&_filter=not (manufacturer.name co "sun")`,
      ['MedicationRequest/order#n'],
    ],
    [
      `Medication?${itself}&_has:MedicationRequest:medication:status=active`,
      ['MedicationRequest/order#m'],
    ],
    [`Medication?${itself}&_has:MedicationRequest:medication:status=draft`, []],
    [
      `Medication?${itself}&_has:MedicationRequest:medication:patient.name=chitra`,
      ['MedicationRequest/order#m'],
    ],
    [
      `Organization?${itself}&_has:Medication:manufacturer:status=active`,
      ['MedicationRequest/order#o'],
    ],
    [`Patient?_contained=both&_has:MedicationRequest:patient:status=active`, ['Patient/alone1']],
    [`Medication?${itself}&_lastUpdated=lt2000`, []],
    [`Organization?${itself}&_lastUpdated=gt2000`, ['MedicationRequest/order#o']],
    [`Organization?${itself}&_list=none`, []],
    [`Patient/alone1/Observation?${itself}`, ['DiagnosticReport/report#own']],
    [`Patient/alone2/Observation?_contained=both`, []],
    [`?${itself}&_id=o,n`, ['MedicationRequest/order#n', 'MedicationRequest/order#o']],
  ])('%s', async (path, wanted) => {
    const { found, body } = await ask(path)
    expect(found).toEqual(wanted)
    expect(body.total).toBe(wanted.length)
    expect((await ask(`${path}&_summary=count`)).body.total).toBe(wanted.length)
  })
})

describe('with what it refers to', () => {
  test('itself', async () => {
    const { found, included } = await ask(
      `Patient?${itself}&given=dev,asha&_include=Patient:organization`,
    )
    expect(found).toEqual(['Observation/one#a', 'Observation/one#b'])
    expect(included.sort()).toEqual(['Organization/kem', 'Organization/ruby'])
  })

  test('or its container', async () => {
    const { found, included } = await ask(
      'Patient?_contained=true&given=farah&_include=Observation:performer',
    )
    expect(found).toEqual(['Observation/two'])
    expect(included).toEqual(['Organization/ruby'])
  })

  test('and with who refers to what stands beside it', async () => {
    const { included } = await ask(
      'Patient?_contained=both&_sort=given&given=chitra,farah&_revinclude=MedicationRequest:patient',
    )
    expect(included).toEqual(['MedicationRequest/order'])
  })

  test('over as many pages as it takes', async () => {
    const ids = Array.from({ length: 6 }, (_, n) => `gp${n}`)
    for (const id of ids) await put(app, { resourceType: 'Practitioner', id })
    const generalPractitioner = ids.map(id => ({ reference: `Practitioner/${id}` }))
    await put(app, holder('many', held('a', 'Many', { generalPractitioner })))
    await put(app, holder('few', held('a', 'Many')))
    const pages = await walk(
      `Patient?${itself}&given=many&_include=Patient:general-practitioner&_count=5`,
    )
    expect(pages.flatMap(({ found }) => found)).toEqual(['Observation/few#a', 'Observation/many#a'])
    expect(pages.flatMap(({ included }) => included).sort()).toEqual(
      ids.map(id => `Practitioner/${id}`),
    )
    expect(pages.every(({ included }) => included.length <= 4)).toBe(true)
  })
})

test('many within one are not asked about for longer than a search may take, and others have their turn', async () => {
  const other = await startApp({ SEARCH_TIME: '100' })
  try {
    const ids = Array.from({ length: 500 }, (_, n) => `p${n}`)
    const contained = ids.map(id => patient({ id }))
    const participant = ids.map(id => ({
      status: 'accepted',
      actor: { reference: `#${id}` },
    }))
    await put(other, {
      resourceType: 'Appointment',
      id: 'a',
      status: 'booked',
      participant,
      contained,
    })
    let isDone = false
    const path = '/fhir/Patient?_contained=true&_has:Appointment:actor:status=arrived'
    const search = other.request.get(path).then(answer => {
      isDone = true
      return answer
    })
    await other.request.get('/fhir/Patient/none').expect(404)
    await other.request.get('/fhir/Patient/none').expect(404)
    expect(isDone).toBe(false)
    const { status, body } = await search
    expect([status, body.issue[0].code]).toEqual([503, 'timeout'])
  } finally {
    await other.close()
  }
})

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Bundle, CapabilityStatement, OperationOutcome } from 'fhir/r4'
import { type App, startApp } from '../support/app.ts'
import { colour, colourParameter } from '../support/colour.ts'
import { put, send } from '../support/make.ts'

const parameter = (more: object = {}): object => ({ ...colourParameter, ...more })

const patient = (id: string, code?: string): object => ({
  resourceType: 'Patient',
  id,
  ...(code ? { extension: [{ url: colour, valueCode: code }] } : {}),
})

let app: App
beforeEach(async () => {
  app = await startApp()
})
afterEach(() => app.close())

async function find(query: string): Promise<string[]> {
  const { status, body } = await app.request.get(`/fhir/${query}`)
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`)
  return ((body as Bundle).entry ?? []).map(({ resource }) => resource?.id ?? '').toSorted()
}
const ready = () => app.server.reindex.idle()

describe('a SearchParameter that is stored', () => {
  test('finds what was stored before it and what comes after it', async () => {
    for (const n of Array.from({ length: 250 }, (_, n) => n))
      await put(app, patient(`p${n}`, n % 100 === 0 ? 'red' : 'blue'))
    await put(app, parameter())
    await put(app, patient('new', 'red'))
    await put(app, patient('p1', 'red'))
    await put(app, patient('p0', 'blue'))
    await ready()
    expect(await find('Patient?colour=red')).toEqual(['new', 'p1', 'p100', 'p200'])
    expect(await find('Patient?colour=blue&_summary=count')).toEqual([])
    await put(app, patient('new', 'green'))
    await app.request.delete('/fhir/Patient/p100').expect(204)
    expect(await find('Patient?colour=red')).toEqual(['p1', 'p200'])
    expect(await find('Patient?colour=green')).toEqual(['new'])
  })

  test('says how far it is until it is ready', async () => {
    await put(app, patient('a', 'red'))
    await put(app, parameter())
    const { status, body } = await app.request.get('/fhir/Patient?colour=red')
    // The few that are stored may have been indexed by now.
    if (status !== 200) {
      expect(status).toBe(422)
      expect((body as OperationOutcome).issue[0]?.diagnostics).toMatch(/colour .* \d+ % is done/)
    }
    await ready()
    expect(await find('Patient?colour=red')).toEqual(['a'])
  })

  test.each([
    ['string', "Patient.name.where(use='nickname').text", 'nick=rad', 'nick=xyz'],
    ['date', 'Patient.meta.lastUpdated', 'nick=ge2001', 'nick=lt2001'],
    ['reference', 'Patient.link.other', 'nick=Patient/a', 'nick=Patient/b'],
    ['uri', 'Patient.implicitRules', 'nick=http://example.org/rules', 'nick=http://example.org'],
    ['number', 'Patient.multipleBirth', 'nick=2', 'nick=3'],
  ])('of type %s', async (type, expression, hit, miss) => {
    await put(app, {
      ...patient('a'),
      implicitRules: 'http://example.org/rules',
      name: [{ use: 'nickname', text: 'Radha' }],
      multipleBirthInteger: 2,
      link: [{ type: 'seealso', other: { reference: 'Patient/a' } }],
    })
    await put(app, parameter({ code: 'nick', type, expression }))
    await ready()
    expect(await find(`Patient?${hit}`)).toEqual(['a'])
    expect(await find(`Patient?${miss}`)).toEqual([])
  })

  test('of several types, and of all', async () => {
    const tagged = { meta: { source: 'http://example.org/lab' } }
    await put(app, { ...patient('a'), ...tagged })
    await put(app, { resourceType: 'Group', id: 'g', type: 'person', actual: true, ...tagged })
    await put(
      app,
      parameter({
        code: 'origin',
        base: ['Resource'],
        type: 'uri',
        expression: 'Resource.meta.source',
      }),
    )
    await ready()
    expect(await find('Patient?origin=http://example.org/lab')).toEqual(['a'])
    expect(await find('Group?origin=http://example.org/lab')).toEqual(['g'])
  })

  test('is of no effect as a draft', async () => {
    await put(app, parameter({ status: 'draft', expression: 'no (expression' }))
    await app.request.get('/fhir/Patient?colour=red').expect(400)
  })

  test('one of R4 itself changes nothing', async () => {
    const url = 'http://hl7.org/fhir/SearchParameter/individual-gender'
    await put(app, parameter({ url, code: 'gender', expression: 'Patient.gender' }))
    await ready()
    await put(app, { ...patient('a'), gender: 'female' })
    expect(await find('Patient?gender=female')).toEqual(['a'])
  })
})

test('writes that go on all the time are found as they stand', async () => {
  const colours = ['red', 'blue', 'green']
  const stands = new Map<string, string>()
  const count = 400
  let going = true
  const set = async (n: number, code: string) => {
    await put(app, { ...patient(`p${n}`, code), birthDate: `19${10 + (n % 90)}-01-01` })
    stands.set(`p${n}`, code)
  }
  for (let n = 0; n < count; n++) await set(n, 'red')
  const client = async (own: number) => {
    for (let turn = 0; going; turn++) {
      const n = (own + turn * 8) % count
      await set(n, colours[(turn + own) % 3] ?? '')
    }
  }
  const clients = Array.from({ length: 8 }, (_, own) => client(own))
  const expressions = [
    parameter(),
    parameter({ expression: 'Patient.birthDate' }),
    parameter({ status: 'retired' }),
    parameter({ expression: `Patient.where(active.exists().not()).extension('${colour}').value` }),
    parameter(),
  ]
  for (const each of expressions) {
    const answer = await send(app, ['PUT', 'SearchParameter/colour'], each)
    expect([200, 201, 422]).toContain(answer.status)
    await new Promise(resolve => setTimeout(resolve, 60))
  }
  await ready()
  going = false
  await Promise.all(clients)
  for (const code of colours) {
    const expected = [...stands].filter(([, stood]) => stood === code).map(([id]) => id)
    expect(await find(`Patient?colour=${code}&_count=1000`)).toEqual(expected.toSorted())
  }
})

test('a write that began before a parameter was known has its rows', async () => {
  const count = 200
  for (let pause = 0; pause < 100; pause += 10) {
    const entry = Array.from({ length: count }, (_, n) => ({
      resource: patient(`p${n}`, `c${pause}`),
      request: { method: 'PUT', url: `Patient/p${n}` },
    }))
    const bundle = { resourceType: 'Bundle', type: 'transaction', entry }
    const written = send(app, ['POST', ''], bundle).then(({ status }) => expect(status).toBe(200))
    await new Promise(resolve => setTimeout(resolve, pause))
    // Another index each time.
    await put(app, parameter({ status: 'retired' }))
    await put(app, parameter())
    await Promise.all([written, ready()])
    const total = async (code: number) =>
      (await app.request.get(`/fhir/Patient?colour=c${code}&_summary=count`)).body.total
    expect(await total(pause)).toBe(count)
    expect(await total(pause - 10)).toBe(0)
  }
})

describe('what is refused', () => {
  test.each([
    ['code', { code: '_colour' }],
    ['code', { code: 'col:our' }],
    ['code', { code: 'gender', url: 'http://example.org/gender' }],
    ['base[0]', { base: ['Element'] }],
    ['type', { type: 'special' }],
    ['type', { type: 'date', expression: 'Patient.generalPractitioner' }],
    ['type', { type: 'quantity', expression: 'Patient.gender' }],
    ['type', { type: 'reference', expression: 'Patient.gender' }],
    ['type', { type: 'token', expression: 'Patient.photo' }],
    ['expression', { expression: undefined }],
    ['expression', { expression: 'Patient.name.(' }],
    ['expression', { expression: 'Observation.code' }],
    ['expression', { expression: 'Patient.name.famly' }],
    ['expression', { expression: 'Patient.constructor' }],
    ['expression', { expression: 'Patient.gender | (Patient.contact.nme as string)' }],
    ['expression', { expression: 'Patient.where(birthDate < today())' }],
    ['component', { type: 'composite', expression: 'Patient' }],
    ['target[0]', { type: 'reference', target: ['Element'] }],
  ])('%s, with %j', async (element, more) => {
    const { status, body } = await send(app, ['PUT', 'SearchParameter/colour'], parameter(more))
    expect(status).toBe(422)
    const expressions = (body as OperationOutcome).issue.flatMap(
      ({ expression = [] }) => expression,
    )
    expect(expressions).toContain(`SearchParameter.${element}`)
    await app.request.get('/fhir/SearchParameter/colour').expect(404)
  })

  test('a type that cannot fit, and told which do', async () => {
    const more = { type: 'reference', expression: 'Patient.maritalStatus | Patient.gender' }
    const { body } = await send(app, ['PUT', 'SearchParameter/colour'], parameter(more))
    expect((body as OperationOutcome).issue).toMatchObject([
      {
        code: 'value',
        diagnostics:
          'type reference never finds what expression leads to, CodeableConcept, code: what fits is string, token, uri',
      },
    ])
  })

  test.each([
    ['a choice', { type: 'quantity', expression: 'Patient.deceased' }],
    ['a resource', { type: 'quantity', expression: 'Patient.contained' }],
    ['one of two elements', { type: 'date', expression: 'Patient.gender | Patient.birthDate' }],
    ['a text, which may hold a date', { type: 'date', expression: 'Patient.name.text' }],
  ])('but not where it may fit: %s', async (_, more) => {
    await put(app, parameter(more))
    await ready()
  })

  test('a code that another one has on the same type', async () => {
    await put(app, parameter())
    const other = parameter({ id: 'other', url: 'http://example.org/other' })
    const { body } = await send(app, ['PUT', 'SearchParameter/other'], other).expect(422)
    expect((body as OperationOutcome).issue[0]).toMatchObject({
      code: 'duplicate',
      expression: ['SearchParameter.code'],
    })
    const expression = 'Device.type'
    await put(app, { ...other, base: ['Device'], expression })
    await put(app, parameter({ status: 'retired' }))
    await put(app, parameter({ id: 'third' }))
    await ready()
  })

  test('one of two with the same code that come together', async () => {
    const answers = await Promise.all(
      ['a', 'b', 'c'].map(id => send(app, ['PUT', `SearchParameter/${id}`], parameter({ id }))),
    )
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 422, 422])
  })
})

describe('a SearchParameter that changes', () => {
  test('in its meaning: nothing of the old one is found', async () => {
    await put(app, { ...patient('a', 'red'), gender: 'female' })
    await put(app, parameter())
    await ready()
    await put(app, parameter({ expression: 'Patient.gender' }))
    await ready()
    expect(await find('Patient?colour=red')).toEqual([])
    expect(await find('Patient?colour=female')).toEqual(['a'])
  })

  test('in its words: what is there stays', async () => {
    await put(app, patient('a', 'red'))
    await put(app, parameter())
    await ready()
    await put(app, parameter({ description: 'Another' }))
    expect(await find('Patient?colour=red')).toEqual(['a'])
  })

  test.each([
    ['deleted', () => app.request.delete('/fhir/SearchParameter/colour').expect(204)],
    ['retired', () => put(app, parameter({ status: 'retired' }))],
  ])('%s: it is unknown at once, and its rows go', async (_, end) => {
    await put(app, patient('a', 'red'))
    await put(app, parameter())
    await ready()
    expect(await find('Patient?colour=red')).toEqual(['a'])
    await end()
    await app.request.get('/fhir/Patient?colour=red').expect(400)
    await ready()
    await put(app, patient('a', 'blue'))
    await put(app, parameter())
    await ready()
    expect(await find('Patient?colour=red')).toEqual([])
    expect(await find('Patient?colour=blue')).toEqual(['a'])
  })

  test.each([
    ['deleted', () => app.request.delete('/fhir/SearchParameter/colour').expect(204)],
    ['retired', () => put(app, parameter({ status: 'retired' }))],
  ])('%s and back: what was written meanwhile is indexed first', async (_, end) => {
    await put(app, patient('a', 'red'))
    await put(app, parameter())
    await ready()
    // As if the job were at something else.
    await app.server.reindex.stop()
    await end()
    await put(app, patient('a', 'blue'))
    await put(app, parameter())
    await app.request.get('/fhir/Patient?colour=red').expect(422)
    await put(app, parameter({ description: 'Another' }))
    await app.request.get('/fhir/Patient?colour=blue').expect(422)
  })

  test('is in the CapabilityStatement when it can be searched by', async () => {
    const listed = async () => {
      const { body, headers } = await app.request.get('/fhir/metadata')
      const of = (body as CapabilityStatement).rest?.[0]?.resource ?? []
      const patients = of.find(({ type }) => type === 'Patient')?.searchParam ?? []
      return { etag: headers.etag, found: patients.find(({ name }) => name === 'colour') }
    }
    const before = await listed()
    expect(before.found).toBeUndefined()
    await put(app, parameter())
    await ready()
    const after = await listed()
    expect(after.found).toEqual({
      name: 'colour',
      type: 'token',
      definition: 'http://example.org/SearchParameter/colour',
      documentation: expect.stringContaining('missing'),
    })
    expect(after.etag).not.toBe(before.etag)
    await app.request.delete('/fhir/SearchParameter/colour').expect(204)
    expect(await listed()).toEqual(before)
  })

  test('leaves no trace where callers look', async () => {
    await put(app, parameter())
    await ready()
    const { body } = await app.request.get('/fhir/_history')
    expect((body as Bundle).entry?.map(({ resource }) => resource?.resourceType)).toEqual([
      'SearchParameter',
    ])
    expect(await app.server.repository.totals(app.server.makeContext('test'))).toEqual({
      SearchParameter: 1,
    })
  })
})

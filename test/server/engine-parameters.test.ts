/** A tenant's own parameters whose expressions are beyond the compiler: from the outside they are as any other. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Bundle, OperationOutcome } from 'fhir/r4'
import { parseJson } from '../../resources/json.ts'
import { type App, startApp } from '../support/app.ts'
import { ownParameter as parameter, put, send } from '../support/make.ts'

const observation = { base: ['Observation'] }
const x = "Observation.component.where(code.coding.exists(code = 'x') and value.exists())"
const parameters = [
  parameter('called', 'string', 'Patient.name.given.first().lower()'),
  parameter(
    'kind',
    'token',
    "iif(Patient.photo.exists() or Patient.link.exists(), 'other', 'own')",
  ),
  parameter('born', 'date', "Patient.birthDate.extension('http://e.org/time').value"),
  parameter(
    'doctor',
    'reference',
    'Patient.generalPractitioner.where(resolve() is Practitioner and display.exists())',
    { target: ['Practitioner'] },
  ),
  parameter('sex', 'token', "Patient.gender.where($this != 'a|Patient.none')"),
  parameter('first-sex', 'token', 'Patient.gender.first()'),
  parameter('initial', 'token', 'Patient.name.family.first().substring(0, 1)'),
  parameter('kinship', 'token', 'relationship.first()', { base: ['Patient', 'RelatedPerson'] }),
  parameter('file', 'token', 'Patient.photo.contentType.where($this.exists())'),
  parameter('names', 'number', 'Patient.name.given.count()'),
  parameter('only', 'string', 'Patient.name.single().family'),
  parameter('part', 'token', 'Resource.id.substring(0, 1) | Patient.language', {
    base: ['Patient', 'Practitioner'],
  }),
  parameter('short', 'token', 'Resource.id.length() < 3', { base: ['Resource'] }),
  parameter('told', 'string', 'DomainResource.text.status.upper()', { base: ['DomainResource'] }),
  parameter('amount', 'quantity', `${x}.value.ofType(Quantity)`, observation),
  parameter('amounts', 'number', `${x}.value.ofType(Quantity).value`, observation),
  parameter('at', 'date', 'Observation.issued.where($this.exists())', observation),
  parameter('code-amount', 'composite', x, {
    ...observation,
    component: [
      { definition: 'http://hl7.org/fhir/SearchParameter/clinical-code', expression: 'code' },
      {
        definition: 'http://hl7.org/fhir/SearchParameter/Observation-value-quantity',
        expression: 'value as Quantity',
      },
    ],
  }),
  parameter('first-amount', 'composite', 'Observation.component', {
    ...observation,
    component: [
      {
        definition: 'http://hl7.org/fhir/SearchParameter/clinical-code',
        expression: 'code.coding.where(code.exists()).first()',
      },
      {
        definition: 'http://hl7.org/fhir/SearchParameter/Observation-value-quantity',
        expression: "value.ofType(Quantity).where(unit = 'mg')",
      },
    ],
  }),
] as { id: string }[]

const json = (text: string) => parseJson(text) as object

const stored = [
  { resourceType: 'Practitioner', id: 'rao', name: [{ family: 'Rao' }] },
  {
    resourceType: 'Patient',
    id: 'a',
    gender: 'female',
    birthDate: '2001-02-03',
    _birthDate: {
      extension: [{ url: 'http://e.org/time', valueDateTime: '2001-02-03T10:00:00Z' }],
    },
    name: [{ family: 'Das', given: ['Asha', 'Devi'] }],
    generalPractitioner: [{ reference: 'Practitioner/rao', display: 'Rao' }],
    text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">Asha</div>' },
  },
  {
    resourceType: 'Patient',
    id: 'b',
    gender: 'male',
    language: 'ta',
    name: [{ family: 'Sen', given: ['Bela'] }, { family: 'Roy' }],
    generalPractitioner: [
      { reference: 'Practitioner/rao' },
      { reference: 'Organization/1', display: 'x' },
    ],
    photo: [{ contentType: 'image/png; a=b' }],
    link: [{ type: 'seealso', other: { reference: 'Patient/a' } }],
  },
  json(`{ "resourceType": "Observation", "id": "o", "status": "final", "code": { "text": "o" }, "issued": "2024-01-01T00:00:00Z",
    "subject": { "reference": "Patient/a" },
    "component": [
      { "code": { "coding": [{ "code": "x" }] },
        "valueQuantity": { "value": 1.00, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg" } },
      { "code": { "coding": [{ "code": "y" }] }, "valueQuantity": { "value": 7, "unit": "kg" } }] }`),
  json(`{ "resourceType": "Observation", "id": "p", "status": "final", "code": { "text": "o" },
    "component": [{ "code": { "coding": [{ "code": "x" }] },
        "valueQuantity": { "value": 123456789012345678901234567890, "unit": "kg" } }] }`),
]

let app: App
async function find(query: string): Promise<string[]> {
  const { status, body } = await app.request.get(`/fhir/${query}`)
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`)
  return ((body as Bundle).entry ?? []).map(({ resource }) => resource?.id ?? '')
}

const cases: [query: string, ids: string[]][] = [
  ['Patient?called=ash', ['a']],
  ['Patient?called:exact=asha', ['a']],
  ['Patient?called:contains=el', ['b']],
  ['Patient?kind=other', ['b']],
  ['Patient?kind:not=other', ['a']],
  ['Patient?born=2001-02-03T10:00Z', ['a']],
  ['Patient?born:missing=true', ['b']],
  ['Patient?doctor=rao', ['a']],
  ['Patient?doctor.family=rao', ['a']],
  ['Patient?called=asha&_include=Patient:doctor', ['a', 'rao']],
  ['Practitioner?_id=rao&_revinclude=Patient:doctor', ['a', 'rao']],
  ['Practitioner?_has:Patient:doctor:called=asha', ['rao']],
  ['Practitioner?_has:Patient:doctor:called=bela', []],
  ['Patient?sex=http://hl7.org/fhir/administrative-gender|male', ['b']],
  ['Patient?first-sex=http://hl7.org/fhir/administrative-gender|male', ['b']],
  ['Patient?file:below=image/png', ['b']],
  ['Patient?kinship=x', []],
  ['Patient?names=2', ['a']],
  ['Patient?names=lt2', ['b']],
  ['Patient?only=das', ['a']],
  ['Patient?only:missing=true', ['b']],
  ['Patient?part=ta', ['b']],
  ['Practitioner?part=r', ['rao']],
  ['?_type=Patient,Practitioner&short=false', ['rao']],
  ['Patient?told=GENERATED', ['a']],
  ['Observation?amount=1.00|http://unitsofmeasure.org|mg', ['o']],
  ['Observation?amount=0.001|http://unitsofmeasure.org|g', ['o']],
  ['Observation?amount=1|http://unitsofmeasure.org|mg', ['o']],
  ['Observation?amount=1.01|http://unitsofmeasure.org|mg', []],
  ['Observation?amount=7', []],
  ['Observation?amounts=123456789012345678901234567890', ['p']],
  ['Observation?amounts=123456789012345678901234567891', []],
  ['Observation?at=eq2024-01-01T00:00:00Z', ['o']],
  ['Observation?code-amount=x$1.00', ['o']],
  ['Observation?code-amount=y$7', []],
  ['Observation?first-amount=x$1.00', ['o']],
  ['Observation?first-amount=y$7', []],
  ['Observation?subject.called=asha', ['o']],
  ['Patient?_filter=called sw ash or kind eq other', ['a', 'b']],
]

describe('what is stored before and after a parameter is found alike', () => {
  beforeAll(async () => {
    app = await startApp()
    for (const resource of stored) await put(app, resource)
    for (const each of parameters) await put(app, each)
    await app.server.reindex.idle()
  })
  afterAll(() => app.close())

  test.each(cases)('%s', async (query, ids) => {
    expect((await find(query)).toSorted()).toEqual(ids)
  })

  test.each([
    ['Patient?_sort=called', ['a', 'b']],
    ['Patient?_sort=-called', ['b', 'a']],
    ['Patient?_sort=born', ['a', 'b']],
  ])('%s', async (query, ids) => {
    expect(await find(query)).toEqual(ids)
  })

  test('a write that fails in the expression is kept, and has no value', async () => {
    const two = { resourceType: 'Patient', id: 'two', name: [{ family: 'A' }, { family: 'B' }] }
    await put(app, two)
    expect(await find('Patient?only=a')).toEqual([])
    await put(app, { ...two, name: [{ family: 'A' }] })
    expect(await find('Patient?only=a')).toEqual(['two'])
    await app.request.delete('/fhir/Patient/two').expect(204)
  })

  test('half a character that is cut off stands for itself', async () => {
    await put(app, { resourceType: 'Patient', id: 'half', name: [{ family: '\u{1F600}x' }] })
    expect(await find(`Patient?initial=${encodeURIComponent('\uFFFD')}`)).toEqual(['half'])
    await app.request.delete('/fhir/Patient/half').expect(204)
  })

  test('inside a container, by what it contains', async () => {
    const inner = { resourceType: 'Patient', id: 'in', name: [{ given: ['Inner'] }] }
    const outer = { contained: [inner], subject: { reference: '#in' }, code: { text: 'c' } }
    await put(app, { resourceType: 'Observation', id: 'c', status: 'final', ...outer })
    expect(await find('Patient?called=inner&_contained=true')).toEqual(['c'])
    await app.request.delete('/fhir/Observation/c').expect(204)
  })

  test('all of it again after the rows are made again by what is written', async () => {
    for (const resource of stored) await put(app, resource)
    for (const [query, ids] of cases)
      expect([query, (await find(query)).toSorted()]).toEqual([query, ids])
  })

  test('ended, it is unknown, and nothing of it is found when another has its code', async () => {
    await app.request.delete('/fhir/SearchParameter/called').expect(204)
    await app.request.get('/fhir/Patient?called=ash').expect(400)
    await put(app, parameter('called', 'string', 'Patient.name.family.first().lower()'))
    await app.server.reindex.idle()
    expect(await find('Patient?called=ash')).toEqual([])
    expect(await find('Patient?called=das')).toEqual(['a'])
  })
})

describe('what is refused names the function and why', () => {
  beforeAll(async () => {
    app = await startApp()
  })
  afterAll(() => app.close())

  test.each([
    ["Patient.trace('x').name.family", 'trace(), which prints what it finds'],
    ['Patient.where(birthDate > today())', 'today(), which is another from one moment to the next'],
    ["Patient.gender.where(memberOf('http://e.org'))", 'memberOf(), which asks for more'],
    ['Patient.name.family.lowr()', 'lowr(), which is not known here; near to it are lower'],
    ['Observation.status.lower()', 'expression has no path on Patient'],
    ['nme.family', 'an element that no resource has: nme; near to it are name'],
    ['status', 'expression has no path on Patient'],
    ['true', 'expression is the same for every resource'],
    ['Patient.name.famly.lower()', 'an element that is not there: HumanName.famly'],
    [
      'Patient.select(1|2|3|4|5|6).select((1|2|3|4|5|6).select((1|2|3|4|5|6).select(1|2|3|4|5|6)))',
      'takes too much',
    ],
  ])('%s', async (expression, reason) => {
    const { body } = await send(
      app,
      ['PUT', 'SearchParameter/y'],
      parameter('y', 'token', expression),
    ).expect(422)
    const [issue] = (body as OperationOutcome).issue
    expect(issue?.expression).toEqual(['SearchParameter.expression'])
    expect(issue?.diagnostics).toContain(reason)
  })

  test('a part of a composite whose elements are of several types', async () => {
    const component = [
      {
        definition: 'http://hl7.org/fhir/SearchParameter/clinical-code',
        expression: 'coding.where(code.exists())',
      },
      {
        definition: 'http://hl7.org/fhir/SearchParameter/Observation-value-quantity',
        expression: 'value',
      },
    ]
    const both = parameter('z', 'composite', 'Observation.component | Observation.code', {
      ...observation,
      component,
    })
    await send(app, ['PUT', 'SearchParameter/z'], both).expect(422)
  })
})

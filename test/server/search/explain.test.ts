/** What `_explain=true` tells of each kind of search: of every step what it was taken for, what it was, and its time. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type App, startApp } from '../../support/app.ts'
import { observation, patient, put } from '../../support/make.ts'

let app: App
beforeAll(async () => {
  app = await startApp()
  for (const [id, gender, birthDate] of patients)
    await put(
      app,
      patient({
        ...{ id, gender, birthDate, name: [{ family: `Shah ${id}` }], active: id !== 'a' },
        ...(id === 'b' ? { generalPractitioner: [{ reference: 'Practitioner/g' }] } : {}),
        text: { status: 'additional', div: `<div xmlns="${xhtml}">asthma</div>` },
      }),
    )
  await put(app, { resourceType: 'Practitioner', id: 'g', name: [{ family: 'Rao' }] })
  await put(app, {
    ...{ resourceType: 'Location', id: 'l', name: 'Ward' },
    position: { latitude: 18.5, longitude: 73.85 },
  })
  for (const n of [1, 2, 3, 4, 5])
    await put(
      app,
      observation({
        id: `o${n}`,
        subject: { reference: n < 4 ? 'Patient/a' : 'Patient/b' },
        category: [{ coding: [{ system: 'http://c', code: 'lab' }] }],
        code: { coding: [{ system: 'http://loinc.org', code: '718-7' }] },
        valueQuantity: { value: n, unit: 'g/L', system: 'http://unitsofmeasure.org', code: 'g/L' },
        ...(n < 5 ? { effectiveDateTime: `2024-01-0${n}T10:00:00Z` } : {}),
      }),
    )
  await put(app, {
    ...{ resourceType: 'Group', id: 'group', type: 'medication', actual: true },
    contained: [{ resourceType: 'Medication', id: 'm', status: 'active' }],
    member: [{ entity: { reference: '#m' } }],
  })
})
afterAll(() => app.close())

const xhtml = 'http://www.w3.org/1999/xhtml'
const patients = [
  ['a', 'female', '1980-01-01'],
  ['b', 'female', '1980-01-02'],
  ['c', 'male', '1990-05-05'],
] as const

const stepsOf = async (path: string): Promise<string[]> => {
  const { status, body } = await app.request.get(`/fhir/${path}`)
  expect([path, status]).toEqual([path, 200])
  const outcomes = (body.entry ?? []).filter(
    ({ search }: { search: { mode: string } }) => search.mode === 'outcome',
  )
  return outcomes.flatMap(({ resource }: { resource: { issue: { diagnostics: string }[] } }) =>
    resource.issue.map(({ diagnostics }) => diagnostics),
  )
}

const whole = /; estimate \d+; rows \d+; \d+(\.\d+)? ms$/

test.each([
  ['all of a type', 'Patient?'],
  ['all of a type, by id', 'Patient?_sort=_id'],
  ['all of a type, by when it was written', 'Patient?_sort=-_lastUpdated'],
  ['all of a type, by a value', 'Patient?_sort=family'],
  ['all of a type, by the main date', 'Observation?_sort=-date'],
  ['a code', 'Patient?gender=female'],
  ['a code, by id', 'Patient?gender=female&_sort=_id'],
  ['a code, by when it was written', 'Patient?gender=female&_sort=_lastUpdated'],
  ['a code, by two values', 'Patient?gender=female&_sort=family,-birthdate'],
  ['codes', 'Patient?gender=female,male'],
  ['many codes', `Patient?identifier=${Array.from({ length: 60 }, (_, n) => n).join(',')}`],
  ['a code of no resource', 'Patient?identifier=nobody'],
  ['not a code', 'Patient?gender:not=female'],
  ['a code, and not another', 'Patient?active=true&gender:not=male'],
  ['nothing there', 'Patient?gender:missing=true'],
  ['something there', 'Patient?gender:missing=false&active=true'],
  ['two codes', 'Patient?gender=female&active=true'],
  ['a beginning', 'Patient?family=sh'],
  ['a part', 'Patient?family:contains=hah'],
  ['a beginning and a code', 'Patient?family=sh&gender=female'],
  ['ids', 'Patient?_id=a,b,nobody'],
  ['an id of no resource', 'Patient?_id=nobody'],
  ['a date', 'Patient?birthdate=1980'],
  ['days', 'Patient?birthdate=ge1980-01-01&birthdate=lt1981'],
  ['the main date', 'Observation?date=2024'],
  ['the main date, with a code', 'Observation?code=718-7&date=ge2024-01-02'],
  ['the main date, in its order', 'Observation?code=718-7&date=ge2024-01-02&_sort=date'],
  ['when it was written', 'Patient?_lastUpdated=gt2020'],
  ['when it was written, with a code', 'Patient?_lastUpdated=gt2020&gender=female'],
  ['a number', 'RiskAssessment?probability=gt0.5'],
  ['an amount', 'Observation?value-quantity=gt2'],
  ['an amount in another unit', 'Observation?value-quantity=gt0.2|http://unitsofmeasure.org|g/dL'],
  ['a composite', 'Observation?code-value-quantity=http://loinc.org|718-7$gt2'],
  ['a code with an amount', 'Observation?code=http://loinc.org|718-7&value-quantity=gt2'],
  ['a patient', 'Observation?patient=a'],
  ['a pair', 'Observation?patient=a&code=http://loinc.org|718-7'],
  ['a pair, and a date', 'Observation?patient=a&code=http://loinc.org|718-7&date=gt2024-01-01'],
  ['a pair of some', 'Observation?subject=Patient/a,Patient/b&category=lab'],
  ['a compartment', 'Patient/a/Observation?'],
  ['a compartment, with a code', 'Patient/a/Observation?code=http://loinc.org|718-7'],
  ['all of a compartment', 'Patient/a/*?'],
  ['the whole system', '?_lastUpdated=gt2020'],
  ['some types', '?_type=Patient,Observation&_id=a'],
  ['a place nearby', 'Location?near=18.5|73.8|50|km'],
  ['the nearest place', 'Location?near=18.5|73.8|50|km&_sort=near'],
  ['a chain', 'Observation?subject:Patient.family=shah'],
  ['a chain in an order', 'Observation?subject:Patient.gender=female&_sort=-date'],
  ['a long chain', 'Observation?subject:Patient.general-practitioner:Practitioner.family=rao'],
  ['not a chain', 'Observation?code=718-7&subject:Patient.gender:not=male'],
  ['who is referred to', 'Patient?_has:Observation:subject:code=718-7'],
  ['a filter', 'Patient?_filter=gender eq female or family sw "sh"'],
  ['a word', 'Patient?_text=asthma'],
  ['two words and a code', 'Patient?_content=asthma shah&gender=female'],
  ['the best first', 'Patient?_content=asthma&_sort=_score'],
  ['what is contained', 'Medication?status=active&_contained=true'],
  ['what is contained and what is not', 'Medication?status=active&_contained=both'],
  ['containers', 'Medication?status=active&_contained=true&_containedType=container'],
  ['with what it refers to', 'Observation?code=718-7&_include=Observation:subject'],
  ['with who refers to it', 'Patient?gender=female&_revinclude=Observation:subject'],
  ['a count', 'Patient?gender=female&_summary=count'],
  ['a page and its total', 'Patient?gender=female&_count=1&_total=accurate'],
  ['a type of which there is nothing', 'Device?'],
  ['a code in a type of which there is nothing', 'Device?status=active'],
])('of %s', async (_, path) => {
  const steps = await stepsOf(`${path}${path.endsWith('?') ? '' : '&'}_explain=true`)
  expect(steps.length).toBeGreaterThan(3)
  expect(steps.filter(step => !whole.test(step))).toEqual([])
})

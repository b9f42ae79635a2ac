/** Conditional writes by all that the language of searches has. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Bundle } from 'fhir/r4'
import { type App, startApp } from '../support/app.ts'
import { ownFolder } from '../support/folder.ts'
import { observation, put, send } from '../support/make.ts'
import { lasting } from '../support/stores.ts'

const at = ownFolder('conditional')
let app: App
beforeAll(async () => {
  app = await startApp(lasting(at('data')))
  await put(app, { resourceType: 'Organization', id: 'o', name: 'Clinic' })
  await put(app, { resourceType: 'Patient', id: 'p', name: [{ family: 'Rao' }] })
  await put(app, {
    resourceType: 'ValueSet',
    id: 'v',
    url: 'http://example.org/v',
    status: 'active',
    compose: { include: [{ system: 'http://a', concept: [{ code: 'in' }] }] },
  })
})
afterAll(() => app.close())

const count = async (query: string): Promise<number> =>
  ((await app.request.get(`/fhir/${query}&_summary=count`).expect(200)).body as Bundle).total ?? -1

const patient = (n: number, more: object) => ({
  resourceType: 'Patient',
  identifier: [{ value: `n${n}` }],
  ...more,
})
const clinic = { managingOrganization: { reference: 'Organization/o' } }
const weight = (value: number, code: string) => ({
  subject: { reference: 'Patient/p' },
  valueQuantity: { value, system: 'http://unitsofmeasure.org', code },
})

const cases: [string, string, object][] = [
  ['Patient', 'identifier=n1&organization.name=clinic', patient(1, clinic)],
  ['Patient', 'identifier=n2&gender:not=male', patient(2, { gender: 'female' })],
  ['Patient', '_filter=identifier eq n3 and not (gender eq male)', patient(3, {})],
  ['Patient', 'identifier=n4&birthdate:missing=true', patient(4, {})],
  [
    'Observation',
    'value-quantity=70000|http://unitsofmeasure.org|g&patient.family=rao',
    observation(weight(70, 'kg')),
  ],
  [
    'Observation',
    'code:in=http://example.org/v',
    observation({ code: { coding: [{ system: 'http://a', code: 'in' }] } }),
  ],
  ['Patient', '_content=unmistakable', patient(6, { name: [{ text: 'unmistakable' }] })],
  ['Patient', 'name:contains=mistakeab', patient(7, { name: [{ text: 'xmistakeaby' }] })],
]

/** The same in another order, so that not all wait for each other. */
const spelled = (criteria: string, n: number): string =>
  n % 2 ? criteria.split('&').reverse().join('&') : criteria

test.each(cases)(
  'fifty creates of %s at once where none is %s store one',
  async (type, criteria, body) => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        send(app, ['POST', type], body, { headers: { 'If-None-Exist': spelled(criteria, n) } }),
      ),
    )
    expect(answers.map(({ status }) => status).toSorted()).toEqual([...Array(49).fill(200), 201])
    expect(await count(`${type}?${criteria.replaceAll(' ', '%20')}`)).toBe(1)
  },
)

test.each(cases)('fifty updates of %s?%s at once change one', async (type, criteria, body) => {
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      send(app, ['PUT', `${type}?${criteria.replaceAll(' ', '%20')}`], {
        ...body,
        language: `x-${n}`,
      }),
    ),
  )
  for (const { status, body: answer } of answers)
    expect([status, JSON.stringify(status === 200 || status === 409 ? '' : answer)]).toEqual([
      status === 409 ? 409 : 200,
      '""',
    ])
  expect(await count(`${type}?${criteria.replaceAll(' ', '%20')}`)).toBe(1)
})

test.each(cases)('fifty deletes of %s?%s at once delete one', async (type, criteria) => {
  const answers = await Promise.all(
    Array.from({ length: 50 }, () =>
      send(app, ['DELETE', `${type}?${criteria.replaceAll(' ', '%20')}`]),
    ),
  )
  expect([...new Set(answers.map(({ status }) => status))]).toEqual([204])
  expect(await count(`${type}?${criteria.replaceAll(' ', '%20')}`)).toBe(0)
})

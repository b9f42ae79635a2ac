import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type App, startApp } from '../support/app.ts'
import { ownFolder } from '../support/folder.ts'
import { lasting } from '../support/stores.ts'

const file = ownFolder('concurrency')

let app: App
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const json = 'application/fhir+json'
const system = 'http://example.org/mrn'
const patient = (value: string, more: object = {}) =>
  JSON.stringify({ resourceType: 'Patient', identifier: [{ system, value }], ...more })
const times = <T>(count: number, make: (n: number) => T): T[] =>
  Array.from({ length: count }, (_, n) => make(n))
const statuses = (answers: { status: number }[]) => answers.map(answer => answer.status).sort()

test('50 parallel conditional creates of one identifier store exactly one', async () => {
  const answers = await Promise.all(
    times(50, () =>
      app.request
        .post('/fhir/Patient')
        .set('Content-Type', json)
        .set('If-None-Exist', `identifier=${system}|one`)
        .send(patient('one')),
    ),
  )
  expect(statuses(answers)).toEqual([...times(49, () => 200), 201])
  expect(new Set(answers.map(answer => answer.body.id)).size).toBe(1)
  const found = await app.request.get(`/fhir/Patient?identifier=${system}|one`)
  expect(found.body.entry).toHaveLength(1)
})

test('parallel conditional creates in transactions, batches and alone store exactly one', async () => {
  const entry = {
    resource: JSON.parse(patient('mixed')),
    request: { method: 'POST', url: 'Patient', ifNoneExist: `identifier=${system}|mixed` },
  }
  const bundle = (type: string) =>
    app.request
      .post('/fhir')
      .set('Content-Type', json)
      .send(JSON.stringify({ resourceType: 'Bundle', type, entry: [entry] }))
  const alone = () =>
    app.request
      .post('/fhir/Patient')
      .set('Content-Type', json)
      // Spelled in another way, so that only the store's own check can tell.
      .set('If-None-Exist', `Patient?identifier=${encodeURIComponent(`${system}|mixed`)}&_count=1`)
      .send(patient('mixed'))
  const answers = await Promise.all(
    times(30, n => (n % 3 === 0 ? bundle('transaction') : n % 3 === 1 ? bundle('batch') : alone())),
  )
  for (const answer of answers) expect([200, 201]).toContain(answer.status)
  const found = await app.request.get(`/fhir/Patient?identifier=${system}|mixed`)
  expect(found.body.entry).toHaveLength(1)
})

test('parallel conditional updates of what is not there make one resource with many versions', async () => {
  const answers = await Promise.all(
    times(20, n =>
      app.request
        .put(`/fhir/Patient?identifier=${system}|upsert`)
        .set('Content-Type', json)
        .send(patient('upsert', { birthDate: `19${50 + n}-01-01` })),
    ),
  )
  expect(statuses(answers)).toEqual([...times(19, () => 200), 201])
  expect(new Set(answers.map(answer => answer.body.id)).size).toBe(1)
  expect(answers.map(answer => Number(answer.body.meta.versionId)).sort((a, b) => a - b)).toEqual(
    times(20, n => n + 1),
  )
})

test('of many updates with the same If-Match exactly one is taken', async () => {
  await app.request
    .put('/fhir/Patient/race')
    .set('Content-Type', json)
    .send(patient('r', { id: 'race' }))
  const answers = await Promise.all(
    times(20, n =>
      app.request
        .put('/fhir/Patient/race')
        .set('Content-Type', json)
        .set('If-Match', 'W/"1"')
        .send(patient('r', { id: 'race', birthDate: `19${50 + n}-01-01` })),
    ),
  )
  expect(statuses(answers)).toEqual([200, ...times(19, () => 412)])
})

test('parallel updates without If-Match all become versions, none is lost', async () => {
  const answers = await Promise.all(
    times(40, n =>
      app.request
        .put('/fhir/Patient/many')
        .set('Content-Type', json)
        .send(patient('m', { id: 'many', birthDate: `19${10 + n}-01-01` })),
    ),
  )
  expect(statuses(answers)).toEqual([...times(39, () => 200), 201])
  const history = await app.request.get('/fhir/Patient/many/_history?_count=100')
  expect(history.body.entry).toHaveLength(40)
  const dates = history.body.entry.map(
    (entry: { resource: { birthDate: string } }) => entry.resource.birthDate,
  )
  expect(new Set(dates).size).toBe(40)
})

test('transactions that write the same resources in other orders all come through', async () => {
  const entry = (id: string, n: number) => ({
    resource: JSON.parse(patient('t', { id, birthDate: `19${10 + n}-01-01` })),
    request: { method: 'PUT', url: `Patient/${id}` },
  })
  const answers = await Promise.all(
    times(20, n =>
      app.request
        .post('/fhir')
        .set('Content-Type', json)
        .send(
          JSON.stringify({
            resourceType: 'Bundle',
            type: 'transaction',
            entry: n % 2 ? [entry('t1', n), entry('t2', n)] : [entry('t2', n), entry('t1', n)],
          }),
        ),
    ),
  )
  expect(statuses(answers)).toEqual(times(20, () => 200))
  const [one, two] = await Promise.all(
    ['t1', 't2'].map(id => app.request.get(`/fhir/Patient/${id}`)),
  )
  expect(one?.body.meta.versionId).toBe('20')
  expect(one?.body.birthDate).toBe(two?.body.birthDate)
})

test('writes by search keep up with many writes by id, alone and in transactions', async () => {
  const busy = await startApp(lasting(file('busy')))
  const body = (n: number) => patient('busy', { id: 'busy', birthDate: `19${10 + (n % 90)}-01-01` })
  await busy.request.put('/fhir/Patient/busy').set('Content-Type', json).send(body(0))
  const transaction = (n: number) => ({
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [{ resource: JSON.parse(body(n)), request: { method: 'PUT', url: 'Patient/busy' } }],
  })
  const answers = await Promise.all(
    times(120, n => {
      if (n % 3 === 0)
        return busy.request
          .put(`/fhir/Patient?identifier=${system}|busy`)
          .set('Content-Type', json)
          .send(body(n))
      if (n % 3 === 1)
        return busy.request
          .put('/fhir/Patient/busy')
          .set('Content-Type', json)
          .send(body(n + 1))
      return busy.request
        .post('/fhir')
        .set('Content-Type', json)
        .send(JSON.stringify(transaction(n + 2)))
    }),
  )
  await busy.close()
  expect(statuses(answers)).toEqual(times(120, () => 200))
})

/** Requests of which each reads much more than a page: together they ask for more searches than may wait. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type App, startApp } from '../../support/app.ts'
import { ownFolder } from '../../support/folder.ts'
import { observation, patient, put } from '../../support/make.ts'
import { lasting } from '../../support/stores.ts'

const inFolder = ownFolder('busy')
let app: App
beforeAll(async () => {
  // In threads, where the store has any.
  app = await startApp(lasting(inFolder('data')))
  await put(app, patient({ id: 'a' }))
  await put(app, observation({ id: 'o', subject: { reference: 'Patient/a' } }))
})
afterAll(() => app.close())

/** So many of what may be asked for with patients, one of which brings something. */
async function includes(count: number): Promise<string[]> {
  const { body } = await app.request.get('/fhir/metadata')
  const [{ resource }] = body.rest
  const { searchRevInclude } = resource.find(({ type }: { type: string }) => type === 'Patient')
  const all: string[] = searchRevInclude.filter((each: string) => each !== 'Observation:subject')
  return ['Observation:subject', ...all.filter(each => each.includes(':')).slice(0, count - 1)]
}

test('eight requests with fifty includes each, and some with none, are all answered', async () => {
  const asked = (await includes(50)).map(each => `&_revinclude=${each}`).join('')
  expect(asked.split('&_revinclude=')).toHaveLength(51)
  const heavy = Array.from({ length: 8 }, () => app.request.get(`/fhir/Patient?_id=a${asked}`))
  const light = Array.from({ length: 8 }, () => app.request.get('/fhir/Patient?_id=a'))
  const answers = await Promise.all([...heavy, ...light])
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
  expect(answers.map(({ body }) => body.entry.length)).toEqual(
    answers.map((_, place) => (place < heavy.length ? 2 : 1)),
  )
})

test('a batch of thirty-two such requests is answered whole', async () => {
  const asked = (await includes(50)).map(each => `&_revinclude=${each}`).join('')
  const entry = Array.from({ length: 32 }, () => ({
    request: { method: 'GET', url: `Patient?_id=a${asked}` },
  }))
  const { body } = await app.request
    .post('/fhir')
    .send({ resourceType: 'Bundle', type: 'batch', entry })
  const statuses = body.entry.map(({ response }: { response: { status: string } }) =>
    response.status.slice(0, 3),
  )
  expect(statuses).toEqual(entry.map(() => '200'))
})

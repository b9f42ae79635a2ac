import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { CapabilityTool, Client } from 'fhir-kit-client'
import { type App, startApp } from '../support/app.ts'
import { mrn, numbered, observation, patient } from '../support/make.ts'

/** A client that we did not write, for what ours would take for granted. */
let app: App
let client: Client
beforeAll(async () => {
  app = await startApp({ DEFAULT_PAGE: '2' })
  client = new Client({ baseUrl: `${app.url}/fhir` })
  for (const n of [1, 2, 3])
    await client.update({ resourceType: 'Patient', id: `p${n}`, body: body(n) })
})
afterAll(() => app.close())

const type = 'Patient'
const body = (n: number): any =>
  numbered(`kit-${n}`, { id: `p${n}`, name: [{ family: `Kit${n}` }] })
const identifier = (n: number | string) => ({ identifier: `${mrn}|kit-${n}` })
const idsOf = (bundle: any): string[] =>
  bundle.entry.flatMap((entry: any) => entry.resource?.id ?? [])
const headersOf = (answer: any) => Client.httpFor(answer).response?.headers
const failure = (status: number, code: string) => ({
  response: { status, data: { resourceType: 'OperationOutcome', issue: [{ code }] } },
})

describe('a client of another hand', () => {
  test('reads, and reads a version', async () => {
    const found: any = await client.read({ resourceType: type, id: 'p1' })
    expect(found).toMatchObject(body(1))
    expect(headersOf(found)?.get('etag')).toBe('W/"1"')
    expect(await client.vread({ resourceType: type, id: 'p1', version: '1' })).toEqual(found)
    const none = client.read({ resourceType: type, id: 'none' })
    await expect(none).rejects.toMatchObject(failure(404, 'not-found'))
  })

  test('creates, updates, patches and deletes', async () => {
    const made: any = await client.create({ resourceType: type, body: patient() as any })
    const { id } = made
    expect(headersOf(made)?.get('location')).toBe(`${app.url}/fhir/Patient/${id}/_history/1`)
    const changed: any = await client.update({
      resourceType: type,
      id,
      body: { ...made, active: true },
      options: { headers: { 'If-Match': 'W/"1"' } },
    })
    expect(changed).toMatchObject({ active: true, meta: { versionId: '2' } })
    const jsonPatch = [{ op: 'replace' as const, path: '/active', value: false }]
    expect(await client.patch({ resourceType: type, id, jsonPatch })).toMatchObject({
      active: false,
    })
    expect(await client.delete({ resourceType: type, id })).toEqual({})
    const gone = client.read({ resourceType: type, id })
    await expect(gone).rejects.toMatchObject(failure(410, 'deleted'))
  })

  test('creates and updates by a search', async () => {
    const headers = { 'If-None-Exist': `identifier=${mrn}|kit-once` }
    const create = () =>
      client.create({ resourceType: type, body: numbered('kit-once') as any, options: { headers } })
    const [first, second]: any[] = [await create(), await create()]
    expect(second.id).toBe(first.id)
    const updated: any = await client.update({
      resourceType: type,
      searchParams: identifier('once'),
      body: numbered('kit-once', { gender: 'other' }) as any,
    })
    expect([updated.id, updated.gender]).toEqual([first.id, 'other'])
    await client.delete({ resourceType: type, id: first.id })
  })

  test('sends what its user makes', async () => {
    expect(await client.request('Patient/p1')).toMatchObject(body(1))
    const headers = { 'Content-Type': 'application/fhir+json', Prefer: 'return=minimal' }
    const made: any = await client.request('Observation', {
      method: 'POST',
      body: observation(),
      options: { headers },
    })
    expect(made).toEqual({})
    const url = headersOf(made)?.get('location')?.split('/_history')[0] ?? ''
    expect(await client.request(url, { method: 'DELETE' })).toEqual({})
  })

  test.each(['batch', 'transaction'] as const)('runs a %s', async kind => {
    const entry = [
      { request: { method: 'GET', url: 'Patient/p1' } },
      { request: { method: 'PUT', url: 'Patient/p2' }, resource: body(2) },
    ]
    const answer: any = await client[kind]({ body: { resourceType: 'Bundle', type: kind, entry } })
    expect(answer).toMatchObject({ type: `${kind}-response`, entry: [{ resource: body(1) }, {}] })
  })

  test.each([false, true])('searches in a type and in all, by POST: %s', async postSearch => {
    const options = { postSearch }
    const searchParams = { ...identifier(1), _count: 5 }
    const found = await client.search({ resourceType: type, searchParams, options })
    expect(idsOf(found)).toEqual(['p1'])
    expect(idsOf(await client.search({ searchParams: { _id: 'p2' }, options }))).toEqual(['p2'])
  })

  test('searches in a compartment', async () => {
    const search = (resourceType: string) =>
      client.search({ resourceType, compartment: { resourceType: type, id: 'p1' } })
    expect((await search('Observation')).entry).toBeUndefined()
    expect(idsOf(await search(type))).toEqual(['p1'])
    await expect(search('Medication')).rejects.toMatchObject(failure(404, 'not-found'))
  })

  test('pages through a search and a history', async () => {
    for (const first of [
      await client.search({ resourceType: type, searchParams: { name: 'Kit' } }),
      await client.history({ resourceType: type }),
    ]) {
      const ids: string[] = []
      for (let bundle: any = first; bundle; bundle = await client.nextPage({ bundle }))
        ids.push(...idsOf(bundle))
      expect(ids).toEqual(expect.arrayContaining(['p1', 'p2', 'p3']))
    }
  })

  test('lists the history of a resource, a type and the system', async () => {
    const listed: any[] = [
      await client.history({ resourceType: type, id: 'p1' }),
      await client.history({ resourceType: type }),
      await client.history(),
    ]
    for (const bundle of listed) expect(bundle.type).toBe('history')
    expect(listed[0].total).toBe(1)
  })

  test('resolves references: relative, absolute, contained and in a Bundle', async () => {
    const whole = body(1)
    expect(await client.resolve({ reference: 'Patient/p1' })).toMatchObject(whole)
    const absolute = `${app.url}/fhir/Patient/p1`
    expect(await client.resolve({ reference: absolute })).toMatchObject(whole)
    const other = new Client({ baseUrl: 'http://127.0.0.1:9/fhir' })
    expect(await other.resolve({ reference: absolute })).toMatchObject(whole)
    const context: any = await client.search({ resourceType: type, searchParams: identifier(1) })
    expect(await client.resolve({ reference: 'Patient/p1', context })).toBe(
      context.entry[0].resource,
    )
    const contained = { resourceType: type, contained: [{ resourceType: type, id: 'in' }] }
    expect(await client.resolve({ reference: '#in', context: contained })).toMatchObject({
      id: 'in',
    })
  })

  test.each(['GET', 'POST'] as const)(
    'asks for an operation by %s and is told that there is none',
    async method => {
      const input = { resourceType: 'Parameters' }
      for (const where of [{}, { resourceType: type }, { resourceType: type, id: 'p1' }]) {
        const asked = client.operation({ name: 'everything', ...where, method, input })
        await expect(asked).rejects.toMatchObject(failure(404, 'not-found'))
      }
    },
  )

  test('finds out what the server does, and that it has no sign-in', async () => {
    const statement = await client.capabilityStatement()
    const tool = new CapabilityTool(statement)
    for (const code of ['transaction', 'batch', 'history-system', 'search-system'])
      expect(tool.serverCan(code)).toBe(true)
    for (const code of ['read', 'vread', 'update', 'patch', 'delete', 'create', 'search-type'])
      expect(tool.resourceCan(type, code)).toBe(true)
    expect(tool.resourceSearch(type, 'identifier')).toBe(true)
    expect(tool.resourceSearch(type, 'wings')).toBe(false)
    expect(await client.smartAuthMetadata()).toEqual({})
  })
})

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { CapabilityStatement } from 'fhir/r4'
import { createStructureValidator } from '../../../profiles/structure.ts'
import { type SearchParameterFacts, searchParameters } from '../../../resources/definitions.ts'
import { parseSearch } from '../../../resources/search/parse.ts'
import { type App, startApp } from '../../support/app.ts'
import { definitions, readExample } from '../../support/examples.ts'
import { patient, put } from '../../support/make.ts'

let app: App
let statement: CapabilityStatement
beforeAll(async () => {
  app = await startApp({ MAX_DELETE: '2', CORS_ORIGINS: 'https://app.example.org' })
  statement = (await get('metadata')).body
})
afterAll(() => app.close())

const get = (path: string) => app.request.get(`/fhir/${path}`)
const server = () => statement.rest?.[0] ?? { mode: 'client' as const }
const options = { strict: true, defaultCount: 1, maxCount: 1, base: 'http://x.org', now: 0 }

describe('capabilities', () => {
  test.each(['full', 'normative', 'terminology'])('mode=%s is valid R4', async mode => {
    const { status, body } = await get(`metadata?mode=${mode}`)
    expect(status).toBe(200)
    expect(createStructureValidator().validate(body)).toEqual([])
    expect([body.kind, body.implementation.url]).toEqual(['instance', `${app.url}/fhir`])
  })

  test('another mode answers 400, and HEAD the same headers', async () => {
    expect((await get('metadata?mode=fast')).status).toBe(400)
    const { headers } = await app.request.head('/fhir/metadata')
    expect(headers.etag).toBe((await get('metadata')).headers.etag)
  })

  test('say 304 to whoever has them', async () => {
    const { headers } = await get('metadata')
    const again = get('metadata').set('If-None-Match', headers.etag ?? '')
    expect((await again).status).toBe(304)
  })

  test('list each type once, and each of its search parameters once', () => {
    const types = server().resource ?? []
    expect(new Set(types.map(({ type }) => type)).size).toBe(types.length)
    for (const { type, searchParam = [] } of types) {
      const names = searchParam.map(({ name }) => name)
      expect([type, new Set(names).size]).toEqual([type, names.length])
    }
  })

  test('list exactly the search parameters that are answered', async () => {
    for (const { type, searchParam = [] } of server().resource ?? []) {
      const listed = new Set(searchParam.map(({ name }) => name))
      for (const facts of searchParameters(type)) {
        const { code } = facts
        const search = () => parseSearch(type, [[code, valueFor(facts, type)]], options)
        if (code === '_filter') continue
        if (listed.has(code)) await search()
        else expect([type, code, await statusOf(search)]).toEqual([type, code, 422])
      }
    }
  })

  test('list exactly the modifiers that are answered', async () => {
    const all = ['missing', 'exact', 'contains', 'text', 'not', 'of-type', 'identifier']
    for (const { type, searchParam = [] } of (server().resource ?? []).slice(0, 40))
      for (const { name, type: kind, documentation = '' } of searchParam) {
        if (name === '_has') continue
        const listed = /Modifiers: ([^.]+)\./.exec(documentation)?.[1]?.split(', ') ?? []
        for (const modifier of all) {
          const value = { missing: 'true', 'of-type': 's|c|v', identifier: 's|v', text: 'x' }[
            modifier
          ]
          const search = () =>
            parseSearch(type, [[`${name}:${modifier}`, value ?? values[kind] ?? 'x']], options)
          const ok = (await statusOf(search)) === 200
          expect([type, name, modifier, ok]).toEqual([
            type,
            name,
            modifier,
            listed.includes(modifier),
          ])
        }
      }
  })

  test('list the includes that are followed', async () => {
    for (const resource of (server().resource ?? []).slice(0, 40)) {
      const { type, searchInclude = [], searchRevInclude = [] } = resource
      for (const value of searchInclude)
        expect((await parseSearch(type, [['_include', value]], options)).warnings).toEqual([])
      for (const value of searchRevInclude)
        expect((await parseSearch(type, [['_revinclude', value]], options)).warnings).toEqual([])
    }
    const of = (name: string) => server().resource?.find(({ type }) => type === name)
    expect(of('Observation')?.searchInclude).toContain('Observation:subject')
    expect(of('Observation')?.searchInclude).not.toContain('Observation:status')
    expect(of('Patient')?.searchRevInclude).toContain('Observation:subject')
    expect(of('Medication')?.searchRevInclude).not.toContain('Observation:subject')
  })

  test('list the compartments', () => {
    expect(server().compartment).toContain('http://hl7.org/fhir/CompartmentDefinition/patient')
  })

  test('name the definition of each search parameter, which is one that R4 publishes', () => {
    const published = definitions
      .filter(file => file.startsWith('SearchParameter-'))
      .map(file => JSON.parse(readExample(file)).url)
    const named = (server().resource ?? []).flatMap(({ searchParam = [] }) =>
      searchParam.flatMap(({ definition }) => definition ?? []),
    )
    expect(new Set(published)).toEqual(new Set([...published, ...named]))
  })

  test('say how many a conditional delete takes, and whether pages of other origins may call', async () => {
    const single = await startApp({ MAX_DELETE: '1' })
    const other = (await single.request.get('/fhir/metadata')).body.rest[0]
    await single.close()
    expect(server().resource?.[0]?.conditionalDelete).toBe('multiple')
    expect(other.resource[0].conditionalDelete).toBe('single')
    expect([server().security?.cors, other.security.cors]).toEqual([true, false])
  })

  test('come in part', async () => {
    await put(app, patient({ id: 'a' }))
    const { body } = await get('metadata?_elements=software')
    expect(body).toMatchObject({ software: { name: 'Nidaan' }, fhirVersion: '4.0.1' })
    expect(body.rest).toBeUndefined()
  })
})

const values: Record<string, string> = {
  date: '2024',
  number: '1',
  quantity: '1',
  reference: 'Patient/1',
  token: 'a',
  uri: 'http://x.org',
  special: '18.52|73.85|10|km',
}

/** A value that a parameter takes: of a composite, one of each of its parts. */
function valueFor({ type: kind, components = [] }: SearchParameterFacts, type: string): string {
  if (kind !== 'composite') return values[kind] ?? 'x'
  const parts = components.map(({ code }) => searchParameters(type).find(one => one.code === code))
  return parts.map(part => (part ? valueFor(part, type) : 'x')).join('$')
}

async function statusOf(run: () => Promise<unknown>): Promise<number> {
  try {
    await run()
    return 200
  } catch (error) {
    return (error as { status: number }).status
  }
}

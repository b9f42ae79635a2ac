/** What the CapabilityStatement lists is called, each of it once. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type {
  BundleEntry,
  CapabilityStatement,
  CapabilityStatementRest,
  CapabilityStatementRestResource,
} from 'fhir/r4'
import { change } from '../../contract/store/material.ts'
import { type App, startApp } from '../../support/app.ts'

let app: App
let statement: CapabilityStatement
let rest: CapabilityStatementRest
beforeAll(async () => {
  app = await startApp()
  statement = (await app.request.get('/fhir/metadata')).body
  rest = statement.rest?.[0] ?? { mode: 'client' }
  const valueSet = {
    resourceType: 'ValueSet',
    id: 'v',
    status: 'active',
    compose: { include: [{ system: 'http://x', concept: [{ code: 'a' }] }] },
  }
  const codeSystem = {
    resourceType: 'CodeSystem',
    id: 'c',
    status: 'active',
    content: 'complete',
    url: 'http://x',
    concept: [{ code: 'a' }],
  }
  for (const each of [valueSet, codeSystem])
    await app.request
      .put(`/fhir/${each.resourceType}/${each.id}`)
      .set('Content-Type', 'application/fhir+json')
      .send(each)
})
afterAll(() => app.close())

const values: Readonly<Record<string, string>> = {
  number: '1',
  date: '2024',
  string: 'x',
  token: 'http://x|a',
  reference: '1',
  quantity: '1',
  uri: 'http://x',
}

const ofModifiers: Readonly<Record<string, string>> = {
  missing: 'true',
  'of-type': 'http://x|a|1',
  in: 'ValueSet/v',
  'not-in': 'ValueSet/v',
  text: 'x',
  identifier: 'http://x|1',
}

const special: Readonly<Record<string, string>> = {
  near: '18.52|73.85|1|km',
  _list: '1',
  _filter: '_id eq x',
  _type: 'Patient',
  _text: 'x',
  _content: 'x',
}

/** A composite by its parts, each of a type of its own; what fits one of the lists is right. */
const composites = ['a$1', 'a$a', 'a$x', 'a$2024', '1$a', 'a$1$1', 'a$true']

async function called(path: string): Promise<string[]> {
  const { status, body } = await app.request.get(`/fhir/${path}`)
  return status === 200 ? [] : [`${path}: ${status} ${body.issue?.[0]?.diagnostics}`]
}

/** Several at a time: there are thousands. */
async function allOf<T>(
  list: T[],
  work: (one: T) => Promise<string[]>,
  workers = 8,
): Promise<string[]> {
  const complaints: string[] = []
  let next = 0
  const worker = async () => {
    for (let one = list[next++]; one !== undefined; one = list[next++])
      complaints.push(...(await work(one)))
  }
  await Promise.all(Array.from({ length: workers }, worker))
  return complaints
}

async function anyOf(paths: string[]): Promise<string[]> {
  const all: string[] = []
  for (const path of paths) {
    const complaint = await called(path)
    if (complaint.length === 0) return []
    all.push(...complaint)
  }
  return all
}

type Param = NonNullable<CapabilityStatementRestResource['searchParam']>[number]

function requestsOf(type: string, { name, type: kind }: Param): string[] {
  const before = `${type}?${name}`
  // R4 says of what type nearly all references are: none of those is to Parameters.
  const link = type === 'Parameters' ? 'DiagnosticReport:assessed-condition' : 'List:item'
  if (name === '_has') return [`${type}?_has:${link}:_id=1`]
  if (name === '_id') return [`${before}=1`]
  if (kind === 'composite') return composites.map(value => `${before}=${value}`)
  return [`${before}=${special[name] ?? values[kind]}`]
}

/** As documented: `Modifiers: missing, exact.` */
const listIn = (documentation = '', name: string): string[] =>
  new RegExp(`${name}: ([^.]*)\\.`).exec(documentation)?.[1]?.split(', ') ?? []

test('every parameter of every type', async () => {
  const all = (rest.resource ?? []).flatMap(({ type, searchParam = [] }) =>
    searchParam.map(param => requestsOf(type, param)),
  )
  expect(await allOf(all, anyOf)).toEqual([])
  expect(all.length).toBeGreaterThan(2500)
}, 120_000)

test('every modifier of every parameter', async () => {
  const all: string[] = []
  for (const { type, searchParam = [] } of rest.resource ?? [])
    for (const { name, type: kind, documentation } of searchParam) {
      if (name.startsWith('_') && type !== 'Patient') continue
      all.push(
        ...listIn(documentation, 'Modifiers').map(
          each =>
            `${type}?${name}:${each}=${ofModifiers[each] ?? (name === '_id' ? '1' : values[kind])}`,
        ),
        ...listIn(documentation, 'Types').map(each =>
          each === 'Resource' ? `${type}?${name}:Patient=1` : `${type}?${name}:${each}=1`,
        ),
      )
    }
  expect(await allOf(all, called)).toEqual([])
  expect(all.length).toBeGreaterThan(2500)
}, 120_000)

/** As many as a search takes. */
const together = 50

/** With one that is there, so that all are looked for. */
async function included({ type, name, some }: { type: string; name: string; some: string[] }) {
  const asked = new URLSearchParams([['_id', '1'], ...some.map(each => [name, each])])
  const { status, body } = await app.request.get(`/fhir/${type}?${asked}`)
  const found = (body.entry ?? []).map(({ search }: BundleEntry) => search?.mode)
  return status === 200 && found.join() === 'match'
    ? []
    : [`${type} ${name} ${some}: ${status} ${JSON.stringify(body)}`]
}

test('every _include and every _revinclude', async () => {
  const { store, makeContext } = app.server
  const all = rest.resource ?? []
  const changes = all.map(({ type }) => change('1', { type }))
  await store.commit(makeContext('').tenant, () => ({ changes }))
  const requests = all.flatMap(({ type, searchInclude = [], searchRevInclude = [] }) =>
    Object.entries({ _include: searchInclude, _revinclude: searchRevInclude }).flatMap(
      ([name, each]) => {
        const starts = each.flatMap((_, n) => (n % together ? [] : n))
        return starts.map(n => ({ type, name, some: each.slice(n, n + together) }))
      },
    ),
  )
  // Each is as many searches as it has includes: more at once than may wait are refused.
  expect(await allOf(requests, included, 2)).toEqual([])
  expect(requests.flatMap(({ some }) => some).length).toBeGreaterThan(10_000)
}, 120_000)

test('every named query, which is defined where it is named', async () => {
  const { contained = [] } = statement
  const named = (rest.resource ?? []).flatMap(({ type, operation = [] }) =>
    operation.map(({ name, definition }) => ({ type, name, definition })),
  )
  expect(named).toHaveLength(2)
  for (const { type, name, definition } of named) {
    expect(await called(`${type}?_query=${name}`)).toEqual([])
    expect(contained.find(({ id }) => `#${id}` === definition)).toMatchObject({
      resourceType: 'OperationDefinition',
      kind: 'query',
      code: name,
      resource: [type],
    })
  }
})

test('every parameter over all types', async () => {
  const wrong: string[] = []
  for (const param of rest.searchParam ?? []) wrong.push(...(await anyOf(requestsOf('', param))))
  expect(wrong).toEqual([])
})

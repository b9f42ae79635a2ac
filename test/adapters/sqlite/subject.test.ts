/** Chains to whom a resource is about: looked at in its own row, where that says who it is. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Connection, connect } from '../../../adapters/sqlite/connection.ts'
import { type Way, waysOf } from '../../../adapters/sqlite/query/hits.ts'
import { momentOf, scopeOf } from '../../../adapters/sqlite/search.ts'
import type { Resource } from '../../../resources/resource.ts'
import { keysOf } from '../../../resources/search/order.ts'
import { parseSearch } from '../../../resources/search/parse.ts'
import type { Predicate, Query } from '../../../resources/search/query.ts'
import { utc } from '../../../resources/search/zone.ts'
import { ownFolder } from '../../support/folder.ts'
import { openRepository } from '../../support/repository.ts'

const file = ownFolder('subject')('subject.db')
const home = { zone: utc, base: () => 'http://127.0.0.1/fhir' }
const many = 120

const patient = (n: number): Resource => ({
  resourceType: 'Patient',
  id: `p${n}`,
  name: [{ family: n % 2 ? 'Tara' : 'Asha' }],
})

const statuses: Record<string, string> = {
  Contract: 'executed',
  Device: 'active',
  Encounter: 'finished',
  Observation: 'final',
}

const resource = (resourceType: string, id: string, rest: object): Resource => ({
  ...{ resourceType, id, status: statuses[resourceType] },
  ...(resourceType === 'Encounter' ? { class: { code: 'AMB' } } : {}),
  ...rest,
})

const about = (...ids: string[]) =>
  ids.length === 1
    ? { subject: { reference: `Patient/${ids[0]}` } }
    : { subject: ids.map(id => ({ reference: `Patient/${id}` })) }

let opened: Awaited<ReturnType<typeof openRepository>>
let connection: Connection

beforeAll(async () => {
  const clock = { now: Date.UTC(2026, 0, 1) }
  opened = await openRepository(file, home, clock)
  const { put, remove } = opened
  for (let n = 0; n < many; n++) {
    clock.now++
    await put(patient(n))
    await put(resource('Encounter', `e${n}`, n % 10 === 9 ? {} : about(`p${n}`)))
    await put(resource('Contract', `c${n}`, about(`p${n}`, `p${n + 1}`)))
    await put(
      resource('Observation', `o${n}`, {
        code: { text: 'weight' },
        ...about(`p${n}`),
        performer: [{ reference: `Patient/p${n + 1}` }],
      }),
    )
    await put(resource('Device', `d${n}`, { patient: { reference: `Patient/p${n}` } }))
  }
  // Another one now, nobody any more, and somebody again.
  await put(resource('Encounter', 'e3', about('p4')))
  await put(resource('Encounter', 'e5', {}))
  await put(resource('Encounter', 'e9', about('p9')))
  await remove(resource('Encounter', 'e7', {}))
  await put({ resourceType: 'Group', id: 'g', type: 'person', actual: true })
  await put(resource('Encounter', 'g', { subject: { reference: 'Group/g' } }))
  connection = connect({ file, readOnly: true })
})
afterAll(async () => {
  connection.close()
  await opened.store.close()
})

const toTara = (param: string): Predicate => ({
  kind: 'chain',
  param,
  types: ['Patient'],
  where: [{ kind: 'string', param: 'name', text: 'tara', match: 'starts' }],
})

/** The ids that each way finds, and the statements of the first. */
function foundBy(type: string, where: Predicate) {
  const texts: string[] = []
  const sql: Connection['sql'] = text => {
    texts.push(text)
    return connection.sql(text)
  }
  const asked: Query = { types: [type], where: [where], sort: [], count: 10 }
  const scope = scopeOf({ ...connection, sql }, opened.tenant, asked, momentOf(connection))
  const wanted = { where: asked.where, keys: keysOf([]), back: false, after: undefined, count: 10 }
  const ways = waysOf(wanted, scope)
  const idOf = connection.sql('SELECT id FROM resource WHERE rid = ?')
  const ids = (way: Way | undefined) =>
    [...(way?.hits() ?? [])].map(({ rid }) => String(idOf.get(rid)?.id))
  const [walked, gathered] = [ids(ways[0]), ids(ways.at(-1))]
  return { names: ways.map(({ name }) => name), walked, gathered, texts }
}

const odd = (letter: string, n = many) =>
  Array.from({ length: n }, (_, at) => at)
    .filter(at => at % 2)
    .map(at => `${letter}${at}`)

const encounters = odd('e').filter(
  id => id === 'e9' || !(id.endsWith('9') || ['e3', 'e5', 'e7'].includes(id)),
)

test.each([
  ['Encounter', 'subject', encounters],
  // Of two one is called so.
  ['Contract', 'subject', Array.from({ length: many }, (_, n) => `c${n}`)],
  ['Device', 'patient', odd('d')],
])('%s by the name of its %s', (type, param, expected) => {
  const { names, walked, gathered, texts } = foundBy(type, toTara(param))
  expect(names).toEqual(['walk', 'gather'])
  expect(walked.toSorted()).toEqual(expected.toSorted())
  expect(new Set(gathered)).toEqual(new Set(walked))
  expect(texts.some(text => text.includes('x.subject'))).toBe(true)
})

test('a search that also asks what is contained goes the same way, where nothing is', async () => {
  const { query } = await parseSearch('Encounter', [['subject:Patient.name', 'tara']], {
    ...{ strict: true, defaultCount: 10, maxCount: 10 },
    ...{ base: home.base(), zone: utc, now: Date.UTC(2026, 0, 1) },
  })
  const [where] = query.where
  expect(where?.kind).toBe('or')
  const { names, walked, gathered } = foundBy('Encounter', where as Predicate)
  expect(names).toEqual(['walk', 'gather'])
  expect(walked.toSorted()).toEqual(encounters.toSorted())
  expect(new Set(gathered)).toEqual(new Set(walked))
})

test('what was written before it was told is found by its values', () => {
  const writing = connect({ file, readOnly: false })
  try {
    writing.db.exec("UPDATE token SET subject = NULL WHERE code = ''")
    const { walked } = foundBy('Encounter', toTara('subject'))
    expect(walked.toSorted()).toEqual(encounters.toSorted())
    const { walked: others } = foundBy('Encounter', { kind: 'not', not: toTara('subject') })
    const all = foundBy('Encounter', { kind: 'not', not: { kind: 'id', ids: [] } }).walked
    expect(others.toSorted()).toEqual(all.filter(id => !encounters.includes(id)).toSorted())
  } finally {
    writing.close()
  }
})

test('what leads elsewhere is not taken for whom it is about', () => {
  const { texts, walked } = foundBy('Observation', toTara('performer'))
  const even = Array.from({ length: many / 2 }, (_, n) => `o${2 * n}`)
  expect(walked.toSorted()).toEqual(even.toSorted())
  expect(texts.some(text => text.includes('x.subject'))).toBe(false)
})

/** What the inner end of a chain finds is kept for who asks again, until something of its type is written. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Connection, connect } from '../../../adapters/sqlite/connection.ts'
import { countHits } from '../../../adapters/sqlite/count.ts'
import { plan } from '../../../adapters/sqlite/query/plan.ts'
import { probeAll } from '../../../adapters/sqlite/query/probe.ts'
import { momentOf, scopeOf, searchPage } from '../../../adapters/sqlite/search.ts'
import type { Resource } from '../../../resources/resource.ts'
import type { Predicate, Query } from '../../../resources/search/query.ts'
import { utc } from '../../../resources/search/zone.ts'
import { ownFolder } from '../../support/folder.ts'
import { openRepository } from '../../support/repository.ts'

const file = ownFolder('found')('found.db')
const home = { zone: utc, base: () => 'http://127.0.0.1/fhir' }
const many = 200

const patient = (id: string, family: string): Resource => ({
  resourceType: 'Patient',
  id,
  name: [{ family }],
})
const encounter = (id: string, of: string): Resource => ({
  resourceType: 'Encounter',
  id,
  status: 'finished',
  class: { code: 'AMB' },
  subject: { reference: `Patient/${of}` },
})

let opened: Awaited<ReturnType<typeof openRepository>>
let reading: Connection

beforeAll(async () => {
  const clock = { now: Date.UTC(2026, 0, 1) }
  opened = await openRepository(file, home, clock)
  for (let n = 0; n < many; n++) {
    clock.now++
    await opened.put(patient(`p${n}`, n % 2 ? 'Tara' : 'Asha'))
    await opened.put(encounter(`e${n}`, `p${n}`))
  }
  reading = connect({ file, readOnly: true })
})
afterAll(async () => {
  reading.close()
  await opened.store.close()
})

const called = (text: string): Predicate => ({
  kind: 'string',
  param: 'name',
  text,
  match: 'starts',
})
const toWhom = (...where: Predicate[]): Predicate => ({
  kind: 'chain',
  param: 'subject',
  types: ['Patient'],
  where,
})

const asked = (where: Predicate): Query => ({
  types: ['Encounter'],
  where: [where],
  sort: [],
  // So many that all of the type is walked for them.
  count: 150,
})

const found = (where = toWhom(called('tara'))) =>
  searchPage(reading, opened.tenant, asked(where))
    .versions.map(({ id }) => id)
    .toSorted()

const isKept = (where = toWhom(called('tara'))) => {
  const scope = scopeOf(reading, opened.tenant, asked(where), momentOf(reading))
  return probeAll([where], { ...scope, plan }).text.includes('temp.found_')
}

const odd = Array.from({ length: many / 2 }, (_, n) => `e${2 * n + 1}`).toSorted()

test('is kept once it was asked for twice, whatever else is written', async () => {
  expect(found()).toEqual(odd)
  expect(isKept()).toBe(true)
  expect(found()).toEqual(odd)
  await opened.put(encounter('later', 'p1'))
  expect(isKept()).toBe(true)
  expect(found()).toEqual([...odd, 'later'])
  await opened.remove(encounter('later', 'p1'))
  expect(found()).toEqual(odd)
})

test('is looked for again when one of its type is new, another or gone', async () => {
  const without = (id: string) => odd.filter(each => each !== id)
  expect(isKept()).toBe(true)
  await opened.put(patient('p1', 'Usha'))
  expect(isKept()).toBe(false)
  expect([found(), found(), found()]).toEqual([without('e1'), without('e1'), without('e1')])
  await opened.put(patient('p1', 'Tara'))
  expect([found(), found(), found()]).toEqual([odd, odd, odd])
  await opened.remove(patient('p1', 'Tara'))
  expect([found(), found(), found()]).toEqual([without('e1'), without('e1'), without('e1')])
  await opened.put(patient('p1', 'Tara'))
  await opened.put(patient('new', 'Tarana'))
  await opened.put(encounter('new', 'new'))
  expect([found(), found(), found()]).toEqual([
    [...odd, 'new'],
    [...odd, 'new'],
    [...odd, 'new'],
  ])
  await opened.remove(encounter('new', 'new'))
  await opened.remove(patient('new', 'Tarana'))
})

test('a count is told again until something of its type is written', async () => {
  let counted = 0
  const sql: Connection['sql'] = text => {
    if (text.includes('count(*) AS n FROM (SELECT')) counted++
    return reading.sql(text)
  }
  const query = { ...asked(called('tara')), types: ['Patient'] }
  const count = () => countHits({ ...reading, sql }, opened.tenant, query)
  expect([count(), count()]).toEqual([100, 100])
  const before = counted
  await opened.put(encounter('counted', 'p1'))
  expect(count()).toBe(100)
  expect(counted).toBe(before)
  await opened.put(patient('counted', 'Tara'))
  expect(count()).toBe(101)
  await opened.remove(patient('counted', 'Tara'))
  expect(count()).toBe(100)
  await opened.remove(encounter('counted', 'p1'))
})

test('is looked for again when rows are made without a version', async () => {
  expect([found(), found()]).toEqual([odd, odd])
  expect(isKept()).toBe(true)
  const rows = [{ kind: 'string' as const, param: 'name', text: 'tara', exact: 'Tara' }]
  const addition = { type: 'Patient', id: 'p0', number: 1, rows }
  expect(await opened.store.addRows(opened.tenant, [addition])).toEqual([])
  const more = ['e0', ...odd].toSorted()
  expect([found(), found(), found()]).toEqual([more, more, more])
  const query = { ...asked(called('tara')), types: ['Patient'] }
  expect(countHits(reading, opened.tenant, query)).toBe(101)
  while (await opened.store.dropRows(opened.tenant, 'Patient', 'name', 1000));
  expect(countHits(reading, opened.tenant, query)).toBe(0)
  expect([found(), found(), found()]).toEqual([[], [], []])
})

test('is not kept where it depends on others', () => {
  const through = toWhom({
    kind: 'has',
    type: 'Encounter',
    param: 'subject',
    where: [{ kind: 'token', param: 'class', code: 'AMB' }],
  })
  found(through)
  found(through)
  expect(isKept(through)).toBe(false)
})

/** Looked at for each of all, as nothing drives. */
const looked = (...any: Predicate[]): Predicate => ({
  kind: 'not',
  not: { kind: 'not', not: { kind: 'or', any } },
})

test('a search does not push out what it looks into itself', async () => {
  for (let n = 0; n < 200; n++) await opened.put(patient(`q${n}`, `Q${n}x`))
  await opened.put(encounter('q3', 'q3'))
  const names = Array.from({ length: 200 }, (_, n) => toWhom(called(`q${n}x`)))
  for (let round = 0; round < 3; round++)
    expect(found(looked(...names.slice(0, 60)))).toEqual(['q3'])
  expect(isKept(names[3])).toBe(true)
  for (let from = 60; from < 200; from += 20) {
    const all = looked(...names.slice(0, 40), ...names.slice(from, from + 20))
    expect([found(all), found(all)]).toEqual([['q3'], ['q3']])
  }
})

test('so many are remembered, and no more', () => {
  const names = Array.from({ length: 150 }, (_, n) => toWhom(called(`z${n}x`)))
  for (const name of names) {
    expect(isKept(name)).toBe(false)
    expect(isKept(name)).toBe(true)
  }
  expect(Number(reading.sql('SELECT count(*) AS n FROM temp.find').get()?.n)).toBeLessThanOrEqual(
    64,
  )
})

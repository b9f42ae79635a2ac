import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { FhirError } from '../../../resources/error.ts'
import { printJson } from '../../../resources/json.ts'
import type { Resource } from '../../../resources/resource.ts'
import { queryOf, type Search, search, world } from '../../support/oracle/arbitrary.ts'
import { ask, type World } from '../../support/oracle/ask.ts'
import { nestedSearch, nestedWorld } from '../../support/oracle/nested.ts'
import { isSorted } from '../../support/oracle/order.ts'
import { openSearch, type Searchable } from '../../support/search.ts'

/** To play a failing run again: SEARCH_SEED=… npm test -- property. */
const seed = Number(process.env.SEARCH_SEED ?? Math.floor(Math.random() * 2 ** 31))
const worlds = 200
const searches = 30

/** When it is asked; it is written from the first of May on. */
const now = Date.UTC(2025, 0, 1, 12)
const clock = { now }
const base = 'http://127.0.0.1/fhir'
let store: Searchable
let spaces = 0
beforeAll(async () => {
  store = await openSearch(clock)
  clock.now = Date.UTC(2024, 4, 1, 8)
})
afterAll(() => store.close())

/** Writes them a minute apart, in a space of their own. */
async function settle(resources: Resource[]): Promise<World> {
  store.move(`space-${++spaces}`)
  const stored: Resource[] = []
  for (const resource of resources) {
    clock.now += 60_000
    const at = await store.put(resource)
    const meta = { ...resource.meta, lastUpdated: new Date(at ?? 0).toISOString() }
    stored.push({ ...resource, meta } as Resource)
  }
  return { resources: stored, base, now, zone: 'UTC' }
}

const shown = (resources: Resource[], { type, params }: Search): string =>
  `GET ${type}?${params.map(pair => pair.join('=')).join('&')}\n${resources.map(each => printJson(each)).join('\n')}`

/** What differs; absent: nothing. */
async function difference(there: World, one: Search): Promise<string | undefined> {
  const query = queryOf(one)
  const expected = ask(there, one.type, query)
  const found = await store.find(one.type, query).catch(error => {
    if (error instanceof FhirError) return `${error.status} ${error.message}`
    throw error
  })
  if (typeof found === 'string') return found
  const ids = (all: (string | undefined)[]) => [...all].sort().join()
  const wanted = ids(expected.map(({ id }) => id))
  if (ids(found) !== wanted) return `found ${found.join()} for ${wanted}`
  const asked = Object.fromEntries(one.params.toReversed())
  const inOrder = found.map(id => expected.find(each => each.id === id) as Resource)
  return asked._sort === undefined || isSorted(there, inOrder, asked)
    ? undefined
    : `found in the wrong order ${found.join()}`
}

/** Asks many searches in each of many worlds. */
async function compare(
  worlds: fc.Arbitrary<Resource[]>,
  one: fc.Arbitrary<Search>,
  numRuns: number,
): Promise<number> {
  let asked = 0
  await fc.assert(
    fc.asyncProperty(
      worlds,
      fc.array(one, { minLength: 1, maxLength: searches, size: 'max' }),
      async (resources, all) => {
        const there = await settle(resources)
        for (const each of all) {
          asked++
          const differs = await difference(there, each)
          if (differs) throw new Error(`${differs}\n${shown(resources, each)}`)
        }
      },
    ),
    { seed, numRuns, includeErrorInReport: true, verbose: 0 } as fc.Parameters<unknown>,
  )
  return asked
}

test(`2,000 searches find what the specification says (seed ${seed})`, async () => {
  expect(await compare(world, search, worlds)).toBeGreaterThan(2000)
}, 120_000)

test(`chains go through what is contained as the specification says (seed ${seed})`, async () => {
  expect(await compare(nestedWorld, nestedSearch, 60)).toBeGreaterThan(500)
}, 120_000)

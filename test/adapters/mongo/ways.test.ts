/** Whichever condition drives, hits are the same and in the same order: a search may go another way on each of its pages. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { counted } from '../../../adapters/mongo/query/scope.ts'
import type { Sizes } from '../../../adapters/mongo/query/sizes.ts'
import { countHits, searchPage } from '../../../adapters/mongo/search.ts'
import type { Source } from '../../../adapters/mongo/source.ts'
import type { MongoStore } from '../../../adapters/mongo/store.ts'
import { watch } from '../../../bench/watched.ts'
import type { Resource } from '../../../resources/resource.ts'
import { parseSearch } from '../../../resources/search/parse.ts'
import type { Query } from '../../../resources/search/query.ts'
import { utc } from '../../../resources/search/zone.ts'
import { createExtractor } from '../../../resources/search.ts'
import { pune } from '../../contract/store/material.ts'
import { dropDatabase, newDatabase } from '../../support/mongo-database.ts'
import { search as oneSearch, world } from '../../support/oracle/arbitrary.ts'
import { openAt } from './open.ts'

const clock = { now: Date.UTC(2026, 0, 1) }
const base = 'http://127.0.0.1/fhir'
const extract = createExtractor({ zone: utc, base: () => base })

/** What the planner may take there to be: much of all, or little of some. */
const sizes: Sizes[] = [
  { get: (_, count) => count() },
  { get: async () => counted },
  // What stands apart is always few.
  { get: async key => (key.startsWith('[100,') ? 0 : 1e6) },
  { get: async key => (key.length % 3) * (counted / 2) + 1 },
  { get: async key => ((key.length * 7) % 5) * (counted / 4) + 1 },
]

async function queryOf(type: string, params: [string, string][]): Promise<Query | undefined> {
  const options = {
    strict: true,
    defaultCount: 100,
    maxCount: 1000,
    base,
    zone: utc,
    now: clock.now,
  }
  try {
    return (await parseSearch(type, params, options)).query
  } catch (error) {
    if (Error.isError(error) && error.name === 'FhirError') return undefined
    throw error
  }
}

async function put(store: MongoStore, resource: Resource): Promise<void> {
  const { resourceType: type, id = '' } = resource
  const before = await store.read(pune, type, id)
  clock.now++
  await store.commit(pune, () => ({
    changes: [
      {
        type,
        id,
        method: before ? 'update' : 'create',
        replaces: before?.number ?? 0,
        json: JSON.stringify(resource),
        extract: extract(resource),
      },
    ],
  }))
}

async function remove(store: MongoStore, { resourceType: type, id = '' }: Resource): Promise<void> {
  const before = await store.read(pune, type, id)
  if (!before?.json) return
  const change = { type, id, method: 'delete', replaces: before.number } as const
  const none = { rows: [], present: [] }
  await store.commit(pune, () => ({ changes: [{ ...change, extract: none }] }))
}

const renamed = (resource: Resource, suffix: number): Resource =>
  suffix ? { ...resource, id: `${resource.id}-${suffix}` } : resource

const shown = ({ versions }: Awaited<ReturnType<typeof searchPage>>): string[] =>
  versions.map(({ type, id, number }) => `${type}/${id} ${number}`)

/** All pages of so many, each by another way than the one before it, there and back again. */
async function toAndFro(query: Query, sources: Source[], after?: string): Promise<string[]> {
  let step = 0
  const page = (from: string | undefined) =>
    searchPage(sources[step++ % sources.length] as Source, pune, {
      ...query,
      ...(from === undefined ? {} : { after: from }),
    })
  let last = await page(after)
  const there = shown(last)
  while (last.next) {
    last = await page(last.next)
    there.push(...shown(last))
  }
  const back = shown(last)
  while (last.previous) {
    last = await page(last.previous)
    back.unshift(...shown(last))
  }
  // Before a page that goes on there is the first one, too.
  expect(back.slice(back.length - there.length)).toEqual(there)
  return there
}

interface Begun {
  query: Query
  name: string
  rest: string[]
  next: string
}

/** The same by all ways; and where the first page ends, to go on from later. */
async function begin(query: Query, name: string, sources: Source[]): Promise<Begun | undefined> {
  const [real] = sources as [Source]
  const expected = shown(await searchPage(real, pune, query))
  for (const source of sources) {
    expect([name, shown(await searchPage(source, pune, query))]).toEqual([name, expected])
    expect([name, await countHits(source, pune, query)]).toEqual([name, expected.length])
  }
  const short = { ...query, count: 2 }
  expect([name, await toAndFro(short, sources)]).toEqual([name, expected])
  const { next } = await searchPage(real, pune, short)
  return next === undefined ? undefined : { query: short, name, rest: expected.slice(2), next }
}

test('all ways to the hits of any search give the same, also when pages go on after writes', async () => {
  const asking = fc.array(oneSearch, { minLength: 60, maxLength: 60 })
  const several = fc.array(world, { minLength: 3, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(several, world, asking, async (worlds, later, searches) => {
      const url = newDatabase()
      const store = await openAt(url, () => clock.now)
      const watched = watch(url, new URL(url).pathname.slice(1), () => clock.now)
      try {
        const all = worlds.flatMap((one, n) => one.map(resource => renamed(resource, n)))
        for (const resource of all) await put(store, resource)
        const begun: Begun[] = []
        const sources = (asOf: number) =>
          sizes.map(each => ({ ...watched.source(), sizes: each, asOf: async () => asOf }))
        const [last] = (await store.history(pune, { count: 1 })).versions
        const now = last?.seq ?? 0
        for (const { type, params } of searches) {
          const query = await queryOf(type, [...params])
          const name = `${type}?${new URLSearchParams([...params])}`
          const one = query && (await begin(query, name, sources(now)))
          if (one) begun.push(one)
        }
        for (const resource of later) {
          await put(store, resource)
          await remove(store, renamed(resource, 1))
        }
        for (const { query, name, rest, next } of begun)
          expect([name, await toAndFro(query, sources(now), next)]).toEqual([name, rest])
      } finally {
        await watched.close()
        await store.close()
        await dropDatabase(url)
      }
    }),
    { numRuns: 3, endOnFailure: true },
  )
}, 120_000)

/** The index is what a fresh extraction of what is stored would give: no row left over, none missing, none doubled. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { parseStored } from '../../../resources/json.ts'
import type { Resource } from '../../../resources/resource.ts'
import type { Home } from '../../../resources/search/type.ts'
import { utc, zoneOf } from '../../../resources/search/zone.ts'
import { createExtractor } from '../../../resources/search.ts'
import type { Knowledge } from '../../../resources/store.ts'
import { tenantOf } from '../../../server/tenants.ts'
import { ownFolder } from '../../support/folder.ts'
import { indexRows, sweep } from '../../support/index-rows.ts'
import { world } from '../../support/oracle/arbitrary.ts'
import { openRepository } from '../../support/repository.ts'
import { writeSecond } from '../../support/second-schema.ts'

const at = ownFolder('index')
const clock = { now: 0 }
const home: Home = { zone: utc, base: () => 'http://127.0.0.1/fhir' }
const open = (file: string, here: Home) => openRepository(file, here, clock)

type Op = { resource: Resource; gone: boolean }

const ops: fc.Arbitrary<Op[]> = fc
  .array(fc.tuple(world, fc.integer({ min: 0, max: 3 })), { minLength: 5, maxLength: 12 })
  .map(all =>
    all.flatMap(([resources, chance], round) =>
      resources.map((resource, n) => ({ resource, gone: (round + n + chance) % 4 === 0 })),
    ),
  )

type Opened = Awaited<ReturnType<typeof open>>

async function play({ put, remove }: Opened, all: Op[]): Promise<void> {
  for (const { resource, gone } of all) {
    clock.now += 1000
    await (gone ? remove(resource) : put(resource))
  }
}

/** Gives all that is there the rows of another extractor, as the reindex job does. */
async function reindex({ store, tenant }: Opened, here: Home): Promise<void> {
  const extract = createExtractor(here)
  for (const type of Object.keys(await store.totals(tenant))) {
    for await (const { id, number, json = '' } of store.scan(tenant, type)) {
      const whole = extract(parseStored(json) as Resource)
      expect(await store.addRows(tenant, [{ type, id, number, rows: [], whole }])).toEqual([])
    }
  }
}

/** A file into which only what is there now was written, each at the time of its first version. */
async function fresh(file: string, { store: from, tenant }: Opened, here: Home): Promise<void> {
  const { versions } = await from.history(tenant, { count: 100_000 })
  const first = new Map(versions.map(({ type, id, at: when }) => [`${type}/${id}`, when]))
  const there: { when: number; resource: Resource }[] = []
  for (const type of Object.keys(await from.totals(tenant)))
    for await (const { id, json = '' } of from.scan(tenant, type))
      there.push({
        when: first.get(`${type}/${id}`) ?? 0,
        resource: parseStored(json) as Resource,
      })
  const { store, put } = await open(file, here)
  const later = clock.now
  for (const { when, resource } of there.sort((a, b) => a.when - b.when)) {
    clock.now = when
    await put(resource)
  }
  clock.now = later
  await store.close()
}

let runs = 0

interface Then {
  here: Home
  ops: Op[]
}

async function same(name: string, begin: (file: string) => unknown, then?: Then): Promise<void> {
  runs++
  clock.now = Date.UTC(2026, 0, 1)
  const files = [at(`${name}${runs}.db`), at(`${name}${runs} fresh.db`)] as const
  await begin(files[0])
  const here = then?.here ?? home
  const again = await open(files[0], here)
  if (then) {
    await play(again, then.ops)
    await reindex(again, here)
  }
  await fresh(files[1], again, here)
  const extract = createExtractor(here)
  const knowledge: Knowledge = {
    extract: (_, { json = '' }) => extract(parseStored(json) as Resource),
    unsure: () => [],
  }
  expect(await Array.fromAsync(again.store.inspect(knowledge, () => {}))).toEqual([])
  await again.store.close()
  sweep(files[0], clock.now + 1)
  const [rows, expected] = files.map(indexRows)
  for (const table of Object.keys(expected ?? {}))
    expect({ table, rows: rows?.[table] }).toEqual({ table, rows: expected?.[table] })
}

const played = (all: Op[]) => async (file: string) => {
  const first = await open(file, home)
  await play(first, all)
  await first.store.close()
}

test('after any writes', async () => {
  await fc.assert(
    fc.asyncProperty(ops, all => same('writes', played(all))),
    { numRuns: 8, endOnFailure: true },
  )
})

test('after a reindex in another zone and at another address, with writes before it', async () => {
  await fc.assert(
    fc.asyncProperty(ops, ops, (before, after) =>
      same('zones', played(before), {
        here: { zone: zoneOf('Asia/Kolkata'), base: () => 'http://other.org/fhir' },
        ops: after.slice(0, 40),
      }),
    ),
    { numRuns: 8, endOnFailure: true },
  )
})

test('after a file of the second schema was brought to this one and reindexed', async () => {
  await fc.assert(
    fc.asyncProperty(world, ops, (there, after) =>
      same(
        'second',
        file => {
          writeSecond(file, tenantOf(), clock.now, there)
        },
        { here: home, ops: after.slice(0, 30) },
      ),
    ),
    { numRuns: 8, endOnFailure: true },
  )
})

/** The index is what a fresh extraction of what is stored would give: no row left over, none missing, none doubled. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { openSqlite, type SqliteStore } from '../../../adapters/sqlite/store.ts'
import { createStructureValidator } from '../../../profiles/structure.ts'
import type { Context } from '../../../resources/context.ts'
import { parseStored } from '../../../resources/json.ts'
import { createParameters } from '../../../resources/parameters.ts'
import { applyPatch } from '../../../resources/patch.ts'
import { createRepository, type Repository } from '../../../resources/repository.ts'
import type { Resource } from '../../../resources/resource.ts'
import { utc, type Zone, zoneOf } from '../../../resources/search/zone.ts'
import { createExtractor } from '../../../resources/search.ts'
import { spaceOf, tenantOf } from '../../../server/tenants.ts'
import { ownFolder } from '../../support/folder.ts'
import { indexRows, sweep } from '../../support/index-rows.ts'
import { world } from '../../support/oracle/arbitrary.ts'

const at = ownFolder('index')
const tenant = tenantOf()
const clock = { now: 0 }
const context: Context = { tenant, requestId: 'test', now: () => clock.now, newId: () => 'none' }
const validator = createStructureValidator()

async function open(file: string, zone: Zone) {
  const store = await openSqlite({ file, threads: false, now: () => clock.now })
  const repository = createRepository({
    store,
    validator,
    extract: createExtractor(zone),
    parameters: createParameters(store, spaceOf, zone),
    applyPatch,
    parseCriteria: () => Promise.reject(new Error('none')),
    base: () => 'http://127.0.0.1/fhir',
    referentialIntegrity: false,
  })
  return { store, repository }
}

type Op = { resource: Resource; gone: boolean }

const ops: fc.Arbitrary<Op[]> = fc
  .array(fc.tuple(world, fc.integer({ min: 0, max: 3 })), { minLength: 5, maxLength: 12 })
  .map(all =>
    all.flatMap(([resources, chance], round) =>
      resources.map((resource, n) => ({ resource, gone: (round + n + chance) % 4 === 0 })),
    ),
  )

async function play(repository: Repository, all: Op[]): Promise<void> {
  for (const { resource, gone } of all) {
    clock.now += 1000
    const { resourceType: type, id = '' } = resource
    if (!gone) await repository.write(context, { kind: 'update', type, id, resource })
    else
      await repository
        .write(context, { kind: 'delete', type, id })
        .catch(error => expect(error).toMatchObject({ status: 404 }))
  }
}

/** Gives all that is there the rows of another extractor, as the reindex job does. */
async function reindex(store: SqliteStore, zone: Zone): Promise<void> {
  const extract = createExtractor(zone)
  for (const type of Object.keys(await store.totals(tenant))) {
    for await (const { id, number, json = '' } of store.scan(tenant, type)) {
      const whole = extract(parseStored(json) as Resource)
      expect(await store.addRows(tenant, [{ type, id, number, rows: [], whole }])).toEqual([])
    }
  }
}

/** A file into which only what is there now was written, each at the time of its first version. */
async function fresh(file: string, from: SqliteStore, zone: Zone): Promise<void> {
  const { versions } = await from.history(tenant, { count: 100_000 })
  const first = new Map(versions.map(({ type, id, at: when }) => [`${type}/${id}`, when]))
  const there: { when: number; resource: Resource }[] = []
  for (const type of Object.keys(await from.totals(tenant)))
    for await (const { id, json = '' } of from.scan(tenant, type))
      there.push({
        when: first.get(`${type}/${id}`) ?? 0,
        resource: parseStored(json) as Resource,
      })
  const { store, repository } = await open(file, zone)
  const later = clock.now
  for (const { when, resource } of there.sort((a, b) => a.when - b.when)) {
    clock.now = when
    const { resourceType: type, id = '' } = resource
    await repository.write(context, { kind: 'update', type, id, resource })
  }
  clock.now = later
  await store.close()
}

let runs = 0

async function same(name: string, all: Op[], then?: { zone: Zone; ops: Op[] }): Promise<void> {
  runs++
  clock.now = Date.UTC(2026, 0, 1)
  const files = [at(`${name}${runs}.db`), at(`${name}${runs} fresh.db`)] as const
  const { store, repository } = await open(files[0], utc)
  await play(repository, all)
  await store.close()
  const zone = then?.zone ?? utc
  const again = await open(files[0], zone)
  if (then) {
    await play(again.repository, then.ops)
    await reindex(again.store, zone)
  }
  await fresh(files[1], again.store, zone)
  await again.store.close()
  sweep(files[0], clock.now + 1)
  const [rows, expected] = files.map(indexRows)
  for (const table of Object.keys(expected ?? {}))
    expect({ table, rows: rows?.[table] }).toEqual({ table, rows: expected?.[table] })
}

test('after any writes', async () => {
  await fc.assert(
    fc.asyncProperty(ops, all => same('writes', all)),
    { numRuns: 8, endOnFailure: true },
  )
})

test('after a reindex in another zone, with writes before it', async () => {
  await fc.assert(
    fc.asyncProperty(ops, ops, (before, after) =>
      same('zones', before, { zone: zoneOf('Asia/Kolkata'), ops: after.slice(0, 40) }),
    ),
    { numRuns: 8, endOnFailure: true },
  )
})

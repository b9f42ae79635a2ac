/** Any sequence of commits leaves what a list of versions in memory says. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Predicate } from '../../../resources/search/query.ts'
import {
  type Change,
  CommitConflict,
  type Extract,
  type Store,
  type Tenant,
  type Version,
} from '../../../resources/store.ts'
import type { Open } from '../store.ts'
import { byCode, coded, delhi, extractOf, pune, query, scanned, walk } from './material.ts'

const types = ['Patient', 'Task']
const ids = ['a', 'b', 'c']
/** Mostly what is taken, so that histories grow. */
const kinds = [...Array(7).fill('write'), ...Array(4).fill('delete'), 'stale'] as Wish['kind'][]
const codes = ['1', '2', '3']

interface Wish {
  type: string
  id: string
  kind: 'write' | 'delete' | 'stale'
  codes: string[]
  date: number | undefined
}

interface Step {
  tenant: Tenant
  wishes: Wish[]
  /** Only if nobody has this code. */
  unless: string | undefined
  /** Milliseconds the clock moves. */
  tick: number
}

const wish: fc.Arbitrary<Wish> = fc.record({
  type: fc.constantFrom(...types),
  id: fc.constantFrom(...ids),
  kind: fc.constantFrom(...kinds),
  codes: fc.subarray(codes),
  date: fc.option(fc.integer({ min: -3, max: 3 }), { nil: undefined }),
})

const step: fc.Arbitrary<Step> = fc.record({
  tenant: fc.constantFrom(pune, delhi),
  wishes: fc.uniqueArray(wish, { maxLength: 3, selector: ({ type, id }) => `${type}/${id}` }),
  unless: fc.option(fc.constantFrom(...codes), { nil: undefined, freq: 2 }),
  tick: fc.integer({ min: -2, max: 3 }),
})

type Kept = Version & { extract: Extract; tenant: Tenant; created: number; first: number }

/** The store as a list. */
class Model {
  readonly versions: Kept[] = []
  last = 0

  of(tenant: Tenant): Kept[] {
    return this.versions.filter(version => version.tenant === tenant)
  }

  newest(tenant: Tenant, type: string, id: string): Kept | undefined {
    return this.of(tenant).findLast(version => version.type === type && version.id === id)
  }

  there(tenant: Tenant): Kept[] {
    return this.of(tenant).filter(
      version => version.json && this.newest(tenant, version.type, version.id) === version,
    )
  }

  has(tenant: Tenant, type: string, code: string): string[] {
    return this.there(tenant)
      .filter(
        each =>
          each.type === type && each.extract.rows.some(row => 'code' in row && row.code === code),
      )
      .map(({ id }) => id)
  }

  /** What must happen: the changes, or what they fail on. */
  plan({ tenant, wishes, unless }: Step): { changes: Change[]; fails: string | undefined } {
    const changes = wishes.map(each => this.change(tenant, each))
    const stale = wishes.find(({ kind }) => kind === 'stale')
    const taken = unless !== undefined && this.has(tenant, 'Patient', unless).length > 0
    const fails = taken ? 'unless' : stale && `${stale.type}/${stale.id}`
    return { changes, fails }
  }

  private change(tenant: Tenant, { type, id, kind, codes: some, date }: Wish): Change {
    const before = this.newest(tenant, type, id)
    const number = before?.number ?? 0
    const deletes = kind === 'delete' && before?.json !== undefined
    const extract: Extract = deletes
      ? extractOf([])
      : extractOf(
          some.map(code => coded(code)),
          date === undefined ? undefined : date * 1e9,
        )
    return {
      type,
      id,
      method: deletes ? 'delete' : !before ? 'create' : before.json ? 'update' : 'revive',
      replaces: kind === 'stale' ? number + 1 : number,
      ...(deletes ? {} : { json: JSON.stringify({ type, id, number: number + 1, some }) }),
      extract,
      ...(before?.json === undefined ? {} : { old: before.extract }),
    }
  }

  take(tenant: Tenant, changes: Change[], made: Version[]): void {
    for (const [index, { extract }] of changes.entries()) {
      const version = made[index]
      if (!version) throw new Error('a change without a version')
      expect(version.seq).toBeGreaterThan(this.last)
      this.last = version.seq
      const first = this.of(tenant).find(
        ({ type, id }) => type === version.type && id === version.id,
      )
      const { seq: created, at } = first ?? version
      this.versions.push({ ...version, extract, tenant, created, first: at })
    }
  }
}

const plain = ({ extract: _, tenant: __, created: ___, first: ____, ...version }: Kept): Version =>
  version
const dateOf = ({ extract, first }: Kept) => extract.date ?? first

async function sameHistory(store: Store, model: Model, tenant: Tenant): Promise<void> {
  const history = async (of: object, count: number) =>
    (await walk(q => store.history(tenant, q), { ...of, count })).versions
  const all = model.of(tenant).map(plain).reverse()
  expect(await history({}, 3)).toEqual(all)
  for (const type of types) {
    const typed = all.filter(version => version.type === type)
    expect(await history({ type }, 2)).toEqual(typed)
    for (const id of ids)
      expect(await history({ type, id }, 1)).toEqual(typed.filter(version => version.id === id))
  }
  for (const version of all)
    expect(await store.read(tenant, version.type, version.id, version.number)).toEqual(version)
}

async function samePresent(store: Store, model: Model, tenant: Tenant): Promise<void> {
  const there = model.there(tenant)
  const totals: Record<string, number> = {}
  for (const { type } of there) totals[type] = (totals[type] ?? 0) + 1
  expect(await store.totals(tenant)).toEqual(totals)
  for (const type of types) {
    const typed = there.filter(version => version.type === type)
    const byId = [...typed].sort((a, b) => (a.id < b.id ? -1 : 1))
    expect(await scanned(store, tenant, type)).toEqual(byId.map(plain))
    for (const id of ids) {
      const newest = model.newest(tenant, type, id)
      expect(await store.read(tenant, type, id)).toEqual(newest && plain(newest))
    }
    await sameSearches(store, typed, { tenant, type })
  }
}

async function sameSearches(
  store: Store,
  typed: Kept[],
  { tenant, type }: { tenant: Tenant; type: string },
): Promise<void> {
  const has = (version: Kept, code: string) =>
    version.extract.rows.some(row => 'code' in row && row.code === code)
  const asked: [Predicate[], (version: Kept) => boolean][] = [
    [[], () => true],
    ...codes.map((code): [Predicate[], (version: Kept) => boolean] => [
      [byCode(code)],
      version => has(version, code),
    ]),
    [[byCode('1'), { kind: 'not', not: byCode('2') }], v => has(v, '1') && !has(v, '2')],
    [[{ kind: 'or', any: [byCode('1'), byCode('2')] }], v => has(v, '1') || has(v, '2')],
  ]
  for (const [where, holds] of asked) {
    const hits = typed.filter(holds)
    const orders = {
      date: [...hits].sort((a, b) => dateOf(a) - dateOf(b) || a.created - b.created),
      updated: [...hits].sort((a, b) => a.seq - b.seq),
    }
    for (const by of ['date', 'updated'] as const)
      for (const descending of [true, false]) {
        const q = query({ types: [type], where, sort: [{ by, descending }], count: 2 })
        const expected = orders[by].map(plain)
        const { versions } = await walk(each => store.search(tenant, each), q)
        expect(versions).toEqual(descending ? expected.reverse() : expected)
      }
    expect(await store.count(tenant, query({ types: [type], where }))).toBe(hits.length)
  }
}

/** Commits, each of which must be taken or refused as the model says. */
async function play(
  store: Store,
  model: Model,
  steps: Step[],
  clock: { now: number },
): Promise<void> {
  for (const each of steps) {
    clock.now += each.tick
    const { changes, fails } = model.plan(each)
    const checks =
      each.unless === undefined
        ? []
        : [{ query: query({ where: [byCode(each.unless)] }), ids: [], name: 'unless' }]
    try {
      const made = await store.commit(each.tenant, () => ({ changes, checks }))
      expect(fails).toBeUndefined()
      model.take(each.tenant, changes, made)
    } catch (error) {
      if (!(error instanceof CommitConflict)) throw error
      expect(error.on).toBe(fails)
    }
  }
}

export function modelContract(open: Open): void {
  test('agrees with a list of versions in memory', async () => {
    const clock = { now: Date.UTC(2026, 0, 1) }
    const store = await open(() => clock.now)
    let runs = 0
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async drawn => {
          runs++
          const steps = drawn.map(each => ({ ...each, tenant: `${each.tenant}${runs}` as Tenant }))
          const model = new Model()
          await play(store, model, steps, clock)
          for (const tenant of new Set(steps.map(each => each.tenant))) {
            await sameHistory(store, model, tenant)
            await samePresent(store, model, tenant)
          }
        }),
        { numRuns: 40 },
      )
    } finally {
      await store.close()
    }
  })
}

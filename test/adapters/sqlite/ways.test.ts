/** Whichever way hits are found, they are the same and in the same order: a search may go another way on each of its pages. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Connection, connect } from '../../../adapters/sqlite/connection.ts'
import { type Way, waysOf } from '../../../adapters/sqlite/query/hits.ts'
import { plan } from '../../../adapters/sqlite/query/plan.ts'
import type { Moment, Plan, Scope } from '../../../adapters/sqlite/query/scope.ts'
import { momentOf, scopeOf, whereOf } from '../../../adapters/sqlite/search.ts'
import type { Resource } from '../../../resources/resource.ts'
import { keysOf, type Position } from '../../../resources/search/order.ts'
import { parseSearch } from '../../../resources/search/parse.ts'
import type { Predicate, Query } from '../../../resources/search/query.ts'
import { utc } from '../../../resources/search/zone.ts'
import type { Tenant } from '../../../resources/store.ts'
import { ownFolder } from '../../support/folder.ts'
import { search as oneSearch, world } from '../../support/oracle/arbitrary.ts'
import { openRepository } from '../../support/repository.ts'

const at = ownFolder('ways')
const clock = { now: Date.UTC(2026, 0, 1) }

/** What the planner may come to, had the store more or fewer rows. */
type Turn = (made: Plan, where: Predicate[]) => Plan
const sized =
  (size: number, ordered?: boolean): Turn =>
  made =>
    made.driver
      ? { ...made, driver: { ...made.driver, size, ordered: ordered ?? made.driver.ordered } }
      : made
const turns: Turn[] = [
  made => made,
  sized(1),
  sized(500),
  sized(5000),
  sized(500, false),
  sized(5000, false),
  ({ driver, rest, drivers }) => ({ rest: [...rest, ...(driver?.covers ?? [])], drivers }),
  ({ driver, rest, drivers }) => {
    const other = drivers.at(-1)
    const all = [...rest, ...(driver?.covers ?? [])]
    return other
      ? { driver: other, rest: all.filter(each => !other.covers.includes(each)), drivers }
      : { rest: all, drivers }
  },
]

interface Asked {
  query: Query
  moment: Moment
  connection: Connection
  tenant: Tenant
}

function waysWith(
  turn: Turn,
  { query, moment, connection, tenant }: Asked,
  from: { after?: Position | undefined; back: boolean; count: number },
): Way[] {
  const scope: Scope = {
    ...scopeOf(connection, tenant, query, moment),
    plan: (where, inner) => turn(plan(where, inner), where),
  }
  const where = whereOf(query, connection)
  return waysOf({ where, keys: keysOf(query.sort), after: undefined, ...from }, scope)
}

const all = (way: Way): string[] => [...way.hits()].map(each => JSON.stringify(each))

function sameBothWays(asked: Asked): Position[] {
  const [first] = waysWith(turns[0] as Turn, asked, { back: false, count: 3 })
  const expected = first ? all(first) : []
  for (const [index, turn] of turns.entries())
    for (const back of [false, true])
      for (const way of waysWith(turn, asked, { back, count: 3 })) {
        const found = all(way)
        const name = `${way.name} by turn ${index}${back ? ', back' : ''}`
        expect([name, back ? found.reverse() : found]).toEqual([name, expected])
      }
  return expected.map(each => JSON.parse(each) as Position)
}

/** Pages to and fro, each by another way than the one before it. */
function samePages(expected: Position[], asked: Asked, size: number): void {
  let step = 0
  const page = (after: Position | undefined, back: boolean): Position[] => {
    const turn = turns[step++ % turns.length] as Turn
    const ways = waysWith(turn, asked, { after, back, count: size })
    return (ways[step % ways.length] as Way).hits().take(size).toArray()
  }
  const there: Position[] = []
  for (let after: Position | undefined; ; after = there.at(-1)) {
    const some = page(after, false)
    there.push(...some)
    if (some.length < size) break
  }
  expect(there).toEqual(expected)
  let [before] = expected.slice(-1)
  const back: Position[] = before ? [before] : []
  while (before) {
    const some = page(before, true)
    back.push(...some)
    before = some.length < size ? undefined : some.at(-1)
  }
  expect(back.reverse()).toEqual(expected)
}

const options = {
  strict: true,
  defaultCount: 100,
  maxCount: 1000,
  base: 'http://127.0.0.1/fhir',
  zone: utc,
  now: clock.now,
}

async function queryOf(type: string | undefined, params: [string, string][]) {
  try {
    return (await parseSearch(type, params, options)).query
  } catch (error) {
    // Some are refused, such as an order by several parameters in one.
    if (Error.isError(error) && error.name === 'FhirError') return undefined
    throw error
  }
}

const renamed = (resource: Resource, suffix: number): Resource =>
  suffix ? { ...resource, id: `${resource.id}-${suffix}` } : resource

const several = fc
  .tuple(
    fc.subarray(['Patient', 'Observation', 'Encounter', 'Location', 'Organization'], {
      minLength: 2,
    }),
    fc.constantFrom('', '_tag=x', '_source:missing=true', '_id=1,2,2-1', '_lastUpdated=gt2000'),
    fc.constantFrom('', '_id', '-_id', '_lastUpdated', '-_tag,_id', '_source', '-_source', '_tag'),
  )
  .map(([types, where, sort]): [undefined, [string, string][]] => [
    undefined,
    [
      ...new URLSearchParams(where),
      ['_type', types.join()],
      ...(sort ? [['_sort', sort] as [string, string]] : []),
    ],
  ])

const asking = fc.oneof(
  { weight: 5, arbitrary: oneSearch.map(({ type, params }) => [type, params] as const) },
  { weight: 1, arbitrary: several },
)

let runs = 0

test('all ways to the hits of any search give the same, also from page to page', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(world, { minLength: 3, maxLength: 4 }),
      world,
      fc.array(asking, { minLength: 40, maxLength: 40 }),
      async (worlds, later, searches) => {
        const file = at(`${++runs}.db`)
        const { store, tenant, put, remove } = await openRepository(
          file,
          { zone: utc, base: () => 'http://127.0.0.1/fhir' },
          clock,
        )
        for (const [suffix, one] of worlds.entries())
          for (const resource of one) {
            clock.now++
            await put(renamed(resource, suffix))
          }
        const connection = connect({ file, readOnly: true })
        const { seq: before } = momentOf(connection)
        for (const [n, resource] of later.entries())
          await (n % 3 === 0 ? remove(renamed(resource, 1)) : put(resource))
        const last = momentOf(connection)
        for (const [type, params] of searches) {
          const query = await queryOf(type, [...params])
          if (!query) continue
          const found: Position[][] = []
          for (const moment of [{ seq: before, isLast: false }, { ...last, isLast: false }, last]) {
            const asked = { query, moment, connection, tenant }
            try {
              found.push(sameBothWays(asked))
              samePages(found.at(-1) ?? [], asked, 2)
              // Rows as of the last commit are those that none has ended.
              if (moment.isLast) expect(found.at(-1)).toEqual(found.at(-2))
            } catch (error) {
              throw new Error(`${type}?${new URLSearchParams([...params])} as of ${moment.seq}`, {
                cause: error,
              })
            }
          }
        }
        connection.close()
        await store.close()
      },
    ),
    { numRuns: 4, endOnFailure: true },
  )
})

import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { FhirError } from '../../resources/error.ts'
import { matches } from '../../resources/search/match.ts'
import { zoneOf } from '../../resources/search/zone.ts'
import { createExtractor } from '../../resources/search.ts'
import { casesIn, searchCases } from '../support/cases.ts'
import { openSearch, type Searchable } from '../support/search.ts'

describe.each(readdirSync(searchCases))('the cases of %s:', file => {
  const { resources, searches, zone: name = 'UTC' } = casesIn(file)
  const zone = zoneOf(name)
  const extract = createExtractor({ zone, base: () => 'http://127.0.0.1/fhir' })
  let store: Searchable
  beforeAll(async () => {
    store = await openSearch(undefined, { zone })
    for (const resource of resources) await store.put(resource)
  })
  afterAll(() => store.close())

  test.each(searches.map(one => [one.name, one.query, one] as const))(
    '%s (%s)',
    async (_name, _query, { type, query, ids, sorted, status, code }) => {
      if (ids) {
        const found = await store.find(type, query)
        expect(sorted ? found : found.sort()).toEqual(ids)
        expect(await store.count(type, query)).toBe(ids.length)
        const { where } = await store.parse(type, query)
        // Who relates to it, and when it is written, only the commit knows.
        if (/"kind":"(chain|has|updated|refers|descends)"/.test(JSON.stringify(where)) || !type)
          return
        const unstored = resources.filter(
          resource =>
            resource.resourceType === type &&
            where.every(predicate =>
              matches(predicate, { type, id: resource.id ?? '', extract: extract(resource) }),
            ),
        )
        expect(unstored.map(({ id }) => id).sort()).toEqual([...ids].sort())
      } else await expect(refusal(store.find(type, query))).resolves.toEqual([status, code])
    },
  )
})

test('each case names its section of the specification, and there are 600 at least', () => {
  const all = readdirSync(searchCases).flatMap(file => casesIn(file).searches)
  const without = all.filter(({ section }) => !section?.startsWith('https://hl7.org/fhir/R4/'))
  expect(without).toEqual([])
  expect(all.length).toBeGreaterThanOrEqual(600)
})

async function refusal(search: Promise<unknown>): Promise<[number, string | undefined]> {
  try {
    return [200, JSON.stringify(await search)]
  } catch (error) {
    if (error instanceof FhirError) return [error.status, error.outcome.issue[0]?.code]
    throw error
  }
}

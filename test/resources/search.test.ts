import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { FhirError } from '../../resources/error.ts'
import { parseJson } from '../../resources/json.ts'
import type { Resource } from '../../resources/resource.ts'
import { matches } from '../../resources/search/match.ts'
import { extract } from '../../resources/search.ts'
import { openSearch, type Searchable } from '../support/search.ts'

interface Search {
  name: string
  type: string
  query: string
  ids?: string[]
  status?: number
  code?: string
}

const folder = new URL('../cases/search/', import.meta.url)

describe.each(readdirSync(folder))('the cases of %s:', file => {
  const { resources, searches } = parseJson(readFileSync(new URL(file, folder), 'utf8')) as {
    resources: Resource[]
    searches: Search[]
  }
  let store: Searchable
  beforeAll(async () => {
    store = await openSearch()
    for (const resource of resources) await store.put(resource)
  })
  afterAll(() => store.close())

  test.each(searches.map(one => [one.name, one.query, one] as const))(
    '%s (%s)',
    async (_name, _query, { type, query, ids, status, code }) => {
      if (ids) {
        const found = await store.find(type, query)
        expect(found.sort()).toEqual(ids)
        expect(await store.count(type, query)).toBe(ids.length)
        const { where } = await store.parse(type, query)
        const unstored = resources.filter(
          resource =>
            resource.resourceType === type &&
            where.every(predicate =>
              matches(predicate, { type, id: resource.id ?? '', extract: extract(resource) }),
            ),
        )
        expect(unstored.map(({ id }) => id).sort()).toEqual(ids)
      } else await expect(refusal(store.find(type, query))).resolves.toEqual([status, code])
    },
  )
})

async function refusal(search: Promise<unknown>): Promise<[number, string | undefined]> {
  try {
    return [200, JSON.stringify(await search)]
  } catch (error) {
    if (error instanceof FhirError) return [error.status, error.outcome.issue[0]?.code]
    throw error
  }
}

/** The cases as the second opinion answers them: where it differs from what was thought out by hand, one of both is wrong. */
import { readdirSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import type { Resource } from '../../../resources/resource.ts'
import { casesIn, type SearchFile, searchCases } from '../../support/cases.ts'
import { ask, type World } from '../../support/oracle/ask.ts'
import { isSorted } from '../../support/oracle/order.ts'

const noon = Date.UTC(2025, 0, 1, 12)

const worldOf = ({ resources, zone }: SearchFile): World => ({
  resources: resources.map(
    resource =>
      ({
        ...resource,
        meta: { ...resource.meta, lastUpdated: new Date(noon).toISOString() },
      }) as Resource,
  ),
  base: 'http://127.0.0.1/fhir',
  now: noon,
  zone: zone ?? 'UTC',
})

const answered = readdirSync(searchCases)
  .map(file => [file, casesIn(file)] as const)
  .filter(([, { searches }]) => searches.some(({ ids }) => ids))

describe.each(answered)('the oracle agrees with %s:', (_file, cases) => {
  const world = worldOf(cases)
  const found = cases.searches.filter(({ ids }) => ids)

  test.each(found.map(one => [one.name, one.query, one] as const))(
    '%s (%s)',
    (_name, _query, { type, query, ids, sorted }) => {
      const found = ask(world, type, query)
      expect(found.map(({ id }) => id).sort()).toEqual([...(ids ?? [])].sort())
      const params = new URLSearchParams(query)
      const all = (name: string, by: string) => params.getAll(name).join(by)
      const asked = {
        ...{ _sort: all('_sort', ','), _text: all('_text', ' '), _content: all('_content', ' ') },
        ...{ near: params.get('near') ?? '', _type: params.get('_type') ?? '' },
      }
      if (!sorted || !asked._sort) return
      const inOrder = ids?.map(id => found.find(each => each.id === id) as Resource)
      expect(isSorted(world, inOrder ?? [], asked)).toBe(true)
    },
  )
})

/** The cases as the second opinion answers them: where it differs from what was thought out by hand, one of both is wrong. */
import { readdirSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import type { Resource } from '../../../resources/resource.ts'
import { casesIn, type SearchFile, searchCases } from '../../support/cases.ts'
import { ask, type World } from '../../support/oracle/ask.ts'

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

describe.each(readdirSync(searchCases))('the oracle agrees with %s:', file => {
  const cases = casesIn(file)
  const world = worldOf(cases)
  const answered = cases.searches.filter(({ ids }) => ids)

  test.each(answered.map(one => [one.name, one.query, one] as const))(
    '%s (%s)',
    (_name, _query, { type, query, ids, sorted }) => {
      const found = ask(world, type, query).map(({ id = '' }) => id)
      expect(sorted ? found : found.sort()).toEqual(ids)
    },
  )
})

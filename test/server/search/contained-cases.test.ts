/** Each case of a search, with what it is about within other resources: there it finds the same. */
import { readdirSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { parseJson, printJson } from '../../../resources/json.ts'
import type { Resource } from '../../../resources/resource.ts'
import { startApp } from '../../support/app.ts'
import { casesIn, type SearchCase, type SearchFile, searchCases } from '../../support/cases.ts'
import { put } from '../../support/make.ts'

const files = readdirSync(searchCases).filter(name => name.endsWith('.json'))

/** What is contained has no version, and does not say when it was changed. */
const inside = ({ contained: _, meta, ...resource }: Resource): Resource => {
  const { versionId: __, lastUpdated: ___, ...rest } = meta ?? {}
  return { ...resource, ...(Object.keys(rest).length > 0 ? { meta: rest } : {}) }
}

const holder = (resource: Resource, n: number): object => ({
  resourceType: 'Basic',
  id: `holder-${n}`,
  code: { text: 'holder' },
  // What it contains stands beside it.
  contained: [inside(resource), ...((resource.contained as object[] | undefined) ?? [])],
})

/** Two of one id in a file are two versions of it: the last counts. */
const lastOf = ({ resources }: SearchFile): Resource[] => [
  ...new Map(resources.map(one => [`${one.resourceType}/${one.id}`, one])).values(),
]

/** Nothing but its container refers to what is contained. */
const others = /(^|&)(_has|_list)\b/
/** What does not tell the order of what is contained. */
const theirs = /_sort=-?(_lastUpdated|_id)/

interface Answer {
  status: number
  found: string[]
  why: string
}

/** This server is the one that the cases name. */
const here = <T>(value: T, url: string): T =>
  parseJson(printJson(value).replaceAll('http://127.0.0.1/fhir', `${url}/fhir`)) as T

describe.each(files)('%s', file => {
  const whole = casesIn(file)
  const asked = whole.searches.filter(
    (one): one is SearchCase & { type: string; ids: string[] } =>
      one.type !== undefined && one.ids !== undefined && !one.alone,
  )

  test('finds the same within others', async () => {
    const app = await startApp({ TIME_ZONE: whole.zone ?? 'UTC' }, () => Date.UTC(2025, 0, 1, 12))
    const ask = async ({ type, query }: { type: string; query: string }): Promise<Answer> => {
      const { status, body } = await app.request.get(
        `/fhir/${type}?${query}&_contained=true&_containedType=contained&_count=1000`,
      )
      const entries = (body.entry ?? []) as { fullUrl?: string; resource: { id: string } }[]
      return {
        status,
        found: entries.flatMap(({ fullUrl }) => fullUrl?.split('#').slice(1) ?? []),
        why: body.issue?.[0]?.diagnostics ?? '',
      }
    }
    try {
      // What is referred to, and what value sets hold, stands alone too.
      for (const resource of whole.resources) await put(app, here(resource, app.url))
      for (const [n, resource] of lastOf(whole).entries())
        await put(app, here(holder(resource, n), app.url))
      const wrong: unknown[] = []
      for (const one of asked) {
        const { status, found, why } = await ask(here(one, app.url))
        if (others.test(one.query)) continue
        const wanted = one.ids
        const isSorted = one.query.includes('_sort') && !theirs.test(one.query)
        const order = (ids: string[]) => String(isSorted ? ids : [...ids].sort())
        if (order(found) !== order(wanted))
          wrong.push({ name: one.name, query: one.query, status, why, found, wanted })
      }
      expect(wrong).toEqual([])
    } finally {
      await app.close()
    }
  }, 60_000)
})

/** Each case of a search, with what it is about within other resources: there it finds the same. */
import { readdirSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { parseJson, printJson } from '../../../resources/json.ts'
import type { Resource } from '../../../resources/resource.ts'
import { startApp } from '../../support/app.ts'
import { casesIn, type SearchCase, type SearchFile, searchCases } from '../../support/cases.ts'
import { put } from '../../support/make.ts'

const files = readdirSync(searchCases).filter(name => name.endsWith('.json'))

/** What is contained contains nothing, has no version, and does not say when it was changed. */
const inside = ({ contained: _, meta, ...resource }: Resource): Resource => {
  const { versionId: __, lastUpdated: ___, ...rest } = meta ?? {}
  return { ...resource, ...(Object.keys(rest).length > 0 ? { meta: rest } : {}) }
}

const holder = (resource: Resource, n: number): object => ({
  resourceType: 'Basic',
  id: `holder-${n}`,
  code: { text: 'holder' },
  contained: [inside(resource)],
})

/** Two of one id in a file are two versions of it: the last counts. */
const lastOf = ({ resources }: SearchFile): Resource[] => [
  ...new Map(resources.map(one => [`${one.resourceType}/${one.id}`, one])).values(),
]

/** What may ask for other resources, for when it was written, or for an order. */
const others = /_has|_list|_lastUpdated|_sort|_filter|\w\.\w|:below|:above/

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
      one.type !== undefined && one.ids !== undefined,
  )

  test('finds the same within others, or says why it cannot', async () => {
    const app = await startApp({ TIME_ZONE: whole.zone ?? 'UTC' }, () => Date.UTC(2025, 0, 1, 12))
    const ask = async ({ type, query }: { type: string; query: string }): Promise<Answer> => {
      const { status, body } = await app.request.get(
        `/fhir/${type}?${query}&_contained=true&_containedType=contained&_count=1000`,
      )
      const entries = (body.entry ?? []) as { fullUrl?: string; resource: { id: string } }[]
      return {
        status,
        found: entries.flatMap(({ fullUrl }) => fullUrl?.split('#').slice(1) ?? []).sort(),
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
        if (status === 422 && why.includes('_contained') && others.test(one.query)) continue
        const wanted = [...one.ids].sort()
        if (String(found) !== String(wanted))
          wrong.push({ name: one.name, query: one.query, status, why, found, wanted })
      }
      expect(wrong).toEqual([])
    } finally {
      await app.close()
    }
  }, 60_000)
})

/** Includes of random graphs, walked page by page, against a closure that is made in the plainest way. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type App, startApp } from '../../support/app.ts'
import { send } from '../../support/make.ts'

function add(body: any, key: string, value: object): void {
  body[key] = [...(body[key] ?? []), value]
}

/** From a type by a parameter to a type: where its Reference stands. */
const ways: Record<string, Record<string, { to: string[]; put(body: any, name: string): void }>> = {
  Patient: {
    link: {
      to: ['Patient'],
      put: (body, reference) => add(body, 'link', { other: { reference }, type: 'seealso' }),
    },
    organization: {
      to: ['Organization'],
      put: (body, reference) => Object.assign(body, { managingOrganization: { reference } }),
    },
  },
  Organization: {
    partof: {
      to: ['Organization'],
      put: (body, reference) => Object.assign(body, { partOf: { reference } }),
    },
  },
  Observation: {
    subject: {
      to: ['Patient'],
      put: (body, reference) => Object.assign(body, { subject: { reference } }),
    },
    'has-member': {
      to: ['Observation'],
      put: (body, reference) => add(body, 'hasMember', { reference }),
    },
    performer: {
      to: ['Organization', 'Patient'],
      put: (body, reference) => add(body, 'performer', { reference }),
    },
  },
}
const types = Object.keys(ways)
const each = 6
const single = new Set(['organization', 'partof', 'subject'])

interface Edge {
  from: string
  param: string
  to: string
}

const edge = fc
  .constantFrom(
    ...types.flatMap(type =>
      Object.entries(ways[type] ?? {}).flatMap(([param, way]) =>
        way.to.map(to => ({ type, param, to })),
      ),
    ),
  )
  .chain(({ type, param, to }) =>
    fc.tuple(fc.nat(each - 1), fc.nat(each - 1)).map(([a, b]) => ({
      from: `${type}/${type.toLowerCase()}-${a}`,
      param,
      to: `${to}/${to.toLowerCase()}-${b}`,
    })),
  )

/** An element that does not repeat holds one. */
const graph = fc
  .array(edge, { minLength: 10, maxLength: 60 })
  .map(edges => [
    ...new Map(
      edges.map(one => [`${one.from} ${one.param} ${single.has(one.param) ? '' : one.to}`, one]),
    ).values(),
  ])

interface Include {
  reverse: boolean
  source: string
  param: string
  target?: string
  iterate: boolean
}

const include: fc.Arbitrary<Include> = fc
  .record({
    reverse: fc.boolean(),
    way: fc.constantFrom(
      ...types.flatMap(source =>
        ['*', ...Object.keys(ways[source] ?? {})].map(param => ({ source, param })),
      ),
    ),
    narrow: fc.boolean(),
    iterate: fc.boolean(),
  })
  .map(({ reverse, way: { source, param }, narrow, iterate }) => {
    const target = ways[source]?.[param]?.to[0]
    return { reverse, source, param, iterate, ...(narrow && target ? { target } : {}) }
  })

const written = ({ reverse, source, param, target, iterate }: Include): string =>
  `_${reverse ? 'rev' : ''}include${iterate ? ':iterate' : ''}=${source}:${param}${target ? `:${target}` : ''}`

const typeOf = (name: string) => name.split('/')[0]

/** What one include adds to one resource. */
const step = (edges: Edge[], one: Include, name: string): string[] =>
  edges
    .filter(({ from, param, to }) => {
      const way = typeOf(from) === one.source && (one.param === '*' || one.param === param)
      return way && (one.target === undefined || typeOf(to) === one.target)
    })
    .flatMap(({ from, to }) => {
      if (one.reverse) return to === name ? [from] : []
      return from === name ? [to] : []
    })

function closure(edges: Edge[], includes: Include[], matches: string[]): Set<string> {
  const found = new Set(matches)
  let round = matches
  for (let active = includes; round.length; active = includes.filter(({ iterate }) => iterate)) {
    const next = round.flatMap(name => active.flatMap(one => step(edges, one, name)))
    round = [...new Set(next)].filter(name => !found.has(name))
    for (const name of round) found.add(name)
  }
  return found
}

async function fill(app: App, edges: Edge[]): Promise<void> {
  const bodies = new Map<string, any>()
  for (const type of types)
    for (let n = 0; n < each; n++) {
      const id = `${type.toLowerCase()}-${n}`
      const more = type === 'Observation' ? { status: 'final', code: { text: 'x' } } : {}
      bodies.set(`${type}/${id}`, { resourceType: type, id, ...more })
    }
  for (const { from, param, to } of edges)
    ways[typeOf(from) ?? '']?.[param]?.put(bodies.get(from), to)
  const entry = [...bodies].map(([url, resource]) => ({
    resource,
    request: { method: 'PUT', url },
  }))
  const { status, text } = await send(app, ['POST', ''], {
    resourceType: 'Bundle',
    type: 'transaction',
    entry,
  })
  if (status !== 200) throw new Error(text)
}

async function walk(app: App, path: string, limit: number) {
  const matches: string[] = []
  const included = new Set<string>()
  let cut = false
  let pages = 0
  for (let at: string | undefined = path; at; pages++) {
    const { status, body } = await app.request.get(at)
    if (status !== 200 || pages > 2000) throw new Error(`${status} ${pages} ${at}`)
    const names: string[] = []
    for (const { resource, search } of body.entry ?? []) {
      const name = `${resource.resourceType}/${resource.id}`
      if (search.mode === 'outcome') cut ||= resource.issue[0].code === 'too-costly'
      else names.push(name)
      if (search.mode === 'match') matches.push(name)
      if (search.mode === 'include') included.add(name)
    }
    // Each once on a page, and no more of them than are allowed.
    expect(new Set(names).size).toBe(names.length)
    const brought = (body.entry ?? []).filter(({ search }: any) => search.mode === 'include')
    expect(brought.length).toBeLessThanOrEqual(limit)
    const next = body.link.find(({ relation }: { relation: string }) => relation === 'next')
    at = next?.url.slice(app.url.length)
  }
  return { matches, included, cut, pages }
}

const queries = fc.record({
  type: fc.constantFrom(...types),
  count: fc.integer({ min: 1, max: 7 }),
  includes: fc.array(include, { minLength: 1, maxLength: 4 }),
})

/** More comes with one than a page takes: of random graphs half have none of these. */
const crowd: [Edge[], { type: string; count: number; includes: Include[] }[]] = [
  Array.from({ length: each }, (_, n) => ({
    from: `Observation/observation-${n}`,
    param: 'subject',
    to: 'Patient/patient-0',
  })),
  [
    {
      type: 'Patient',
      count: 1,
      includes: [{ reverse: true, source: 'Observation', param: 'subject', iterate: false }],
    },
  ],
]

test.each([2, 4, 1000])(
  'with MAX_INCLUDES=%i pages bring all that is connected',
  async limit => {
    let continued = 0
    await fc.assert(
      fc.asyncProperty(
        graph,
        fc.array(queries, { minLength: 8, maxLength: 8 }),
        async (edges, asked) => {
          const app = await startApp({ MAX_INCLUDES: String(limit) })
          try {
            await fill(app, edges)
            for (const { type, count, includes } of asked) {
              const path = `/fhir/${type}?_count=${count}&${includes.map(written).join('&')}`
              const { matches, included, cut, pages } = await walk(app, path, limit)
              const all = Array.from(
                { length: each },
                (_, n) => `${type}/${type.toLowerCase()}-${n}`,
              )
              expect([...matches].sort()).toEqual(all)
              const wanted = closure(edges, includes, all)
              const found = new Set([...matches, ...included])
              for (const name of found)
                expect([path, name, wanted.has(name)]).toEqual([path, name, true])
              if (!cut) expect([path, [...found].sort()]).toEqual([path, [...wanted].sort()])
              if (!cut && pages > Math.ceil(each / count)) continued++
            }
          } finally {
            await app.close()
          }
        },
      ),
      { numRuns: 10, examples: [crowd] },
    )
    expect(continued > 0).toBe(limit < 1000)
  },
  120_000,
)

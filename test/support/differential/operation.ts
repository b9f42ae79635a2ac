/** Requests of all kinds on few resources, so that they often meet. */
import fc from 'fast-check'
import { printJson } from '../../../resources/json.ts'
import type { FhirRequest } from '../../../server/request.ts'
import { resource, type Search, search, searchOf } from '../oracle/arbitrary.ts'

type Query = [name: string, value: string][]

export interface Operation {
  request: Pick<FhirRequest, 'method' | 'path' | 'query' | 'headers' | 'body'>
  /** What is done before each page after the first is asked for; as many pages as that. */
  between: Operation[]
}

const operation = (method: string, path: string[], more: Partial<Operation['request']> = {}) => ({
  request: { method, path, query: [], headers: {}, ...more },
  between: [],
})

const types = ['Patient', 'Patient', 'Observation', 'Observation', 'Encounter', 'Organization']
/** Nothing refers to 4. */
const id = fc.constantFrom('1', '2', '3', '4')
const name = fc.tuple(fc.constantFrom(...types), id)
const number = fc.constantFrom('1', '1', '2', '3', '9')
const tag = number.map(each => `W/"${each}"`)
const maybe = <T>(one: fc.Arbitrary<T>, freq = 3) => fc.option(one, { nil: undefined, freq })
/** Most requests have none. */
const headers = (own: Record<string, fc.Arbitrary<string>>): fc.Arbitrary<FhirRequest['headers']> =>
  fc.record(Object.fromEntries(Object.entries(own).map(([key, one]) => [key, maybe(one, 1)])))

/** Without an order: what decides which resource is meant. */
const criteria = (type: string): fc.Arbitrary<Query> =>
  searchOf(type).map(({ params }) => params.filter(([code]) => code !== '_sort'))
const text = (query: Query): string => new URLSearchParams(query).toString()

const put = fc
  .tuple(resource, id, headers({ 'if-match': tag }))
  .map(([one, id, given]) =>
    operation('PUT', [one.resourceType, id], { headers: given, body: { ...one, id } }),
  )

/** A new one, or only where there is none like it. */
const create = resource.chain(({ id: _, ...body }) =>
  maybe(criteria(body.resourceType), 1).map(only =>
    operation('POST', [body.resourceType], {
      headers: only ? { 'if-none-exist': text(only) } : {},
      body,
    }),
  ),
)
const putWhere = resource.chain(({ id, ...body }) =>
  fc
    .tuple(criteria(body.resourceType), fc.boolean())
    .map(([query, named]) =>
      operation('PUT', [body.resourceType], { query, body: named ? { ...body, id } : body }),
    ),
)

const merge = { 'content-type': 'application/merge-patch+json' }
const patch = resource.chain(({ id: _, resourceType: type, ...body }) =>
  fc.tuple(id, maybe(criteria(type), 2), maybe(tag, 1)).map(([id, query, match]) =>
    operation('PATCH', query ? [type] : [type, id], {
      query: query ?? [],
      headers: { ...merge, ...(match ? { 'if-match': match } : {}) },
      body,
    }),
  ),
)
const remove = fc
  .tuple(name, headers({ 'if-match': tag }))
  .map(([path, given]) => operation('DELETE', path, { headers: given }))
const removeWhere = fc
  .constantFrom(...new Set(types))
  .chain(type =>
    fc
      .tuple(criteria(type), fc.boolean())
      .map(([query, several]) =>
        operation('DELETE', [type], { query: several ? [...query, ['_count', '3']] : query }),
      ),
  )

const read = fc
  .tuple(
    name,
    fc.constantFrom('GET', 'GET', 'HEAD'),
    maybe(number, 1),
    headers({ 'if-none-match': tag }),
  )
  .map(([path, method, version, given]) =>
    operation(method, version ? [...path, '_history', version] : path, { headers: given }),
  )

/** Pages of one order, with writes of others between them. */
const paged = (one: fc.Arbitrary<Operation>): fc.Arbitrary<Operation> =>
  fc
    .tuple(one, fc.array(fc.oneof(put, create, remove), { maxLength: 4 }))
    .map(([{ request }, between]) => ({ request, between }))

const count = fc
  .constantFrom('1', '2', '3', '5')
  .map((value): [string, string] => ['_count', value])
const minute = 60_000
/** Around the time that operations are made at; see play.ts. */
const instant = fc
  .integer({ min: -20, max: 100 })
  .map(minutes => new Date(Date.UTC(2024, 4, 1) + minutes * minute).toISOString())

const history = paged(
  fc
    .tuple(
      fc.oneof(
        name.map(path => [...path]),
        name.map(([type]) => [type]),
        fc.constant([]),
      ),
      fc.array(count, { maxLength: 1 }),
      fc.array(
        fc.tuple(fc.constantFrom('_since', '_at'), instant).map(([key, at]) => [key, at] as const),
        { maxLength: 1 },
      ),
    )
    .map(([path, ...query]) =>
      operation('GET', [...path, '_history'], { query: query.flat() as Query }),
    ),
)

const extras: fc.Arbitrary<Query[number]> = fc.constantFrom<Query[number][]>(
  ['_total', 'accurate'],
  ['_summary', 'count'],
  ['_summary', 'true'],
  ['_elements', 'status'],
  ['_include', '*'],
  ['_revinclude', '*'],
  ['_include:iterate', '*'],
  ['_sort', '_lastUpdated'],
  ['_sort', '-_lastUpdated'],
  ['_sort', '_id'],
  ['_sort', '_score'],
  ['_contained', 'both'],
  ['_content', 'rao'],
  ['_content', 'de la'],
  ['_text', 'rao'],
  ['_filter', 'subject re Patient/1 or not (subject pr true)'],
  ['_filter', 'name co "ra" and not (name eq "rao")'],
)
const searched = paged(
  fc
    .tuple(
      search,
      fc.array(count, { maxLength: 1 }),
      fc.array(extras, { maxLength: 2 }),
      fc.constantFrom('type', 'type', 'type', 'form', 'compartment', 'system'),
    )
    .map(([{ type, params }, counted, more, way]: [Search, Query, Query, string]) => {
      const query = [...params, ...counted, ...more]
      if (way === 'compartment') return operation('GET', ['Patient', '1', type], { query })
      if (way === 'system') return operation('GET', [], { query: [['_type', type], ...query] })
      return operation('GET', [type], { query })
    }),
)
const alone = fc.oneof(
  { weight: 10, arbitrary: put },
  { weight: 4, arbitrary: create },
  { weight: 2, arbitrary: putWhere },
  { weight: 3, arbitrary: remove },
  { weight: 1, arbitrary: removeWhere },
  { weight: 3, arbitrary: read },
)
const entry = ({ request: { method, path, query, headers: given, body } }: Operation) => ({
  ...(body === undefined ? {} : { resource: body }),
  request: {
    method,
    url: path.join('/') + (query.length > 0 ? `?${text(query)}` : ''),
    ...(given['if-match'] ? { ifMatch: given['if-match'] } : {}),
    ...(given['if-none-exist'] ? { ifNoneExist: given['if-none-exist'] } : {}),
  },
})

const urn = 'urn:uuid:c757873d-ec9a-4326-a141-556f43239520'
/** A patient of this Bundle, and what is said of her. */
const linked = fc.tuple(create, maybe(search, 1)).map(([made]) => [
  { ...entry(operation('POST', ['Patient'], { body: { resourceType: 'Patient' } })), fullUrl: urn },
  {
    ...entry(made),
    ...(made.request.path[0] === 'Observation'
      ? { resource: { ...(made.request.body as object), subject: { reference: urn } } }
      : {}),
  },
])

/** Entries of a batch are done in any order, and answers tell which: so either one writes, or some read. */
const unordered = ([first, ...more]: Operation[]): Operation[] => {
  const reads = ({ request }: Operation) => ['GET', 'HEAD'].includes(request.method)
  return first ? [first, ...(reads(first) ? more.filter(reads) : [])] : []
}

const bundle = fc
  .tuple(
    fc.constantFrom('transaction', 'transaction', 'batch'),
    fc.array(fc.oneof({ weight: 4, arbitrary: alone }, { weight: 1, arbitrary: searched }), {
      minLength: 1,
      maxLength: 5,
    }),
    maybe(linked, 2),
  )
  .map(([type, all, more]) => {
    const entries =
      type === 'batch' ? unordered(all).map(entry) : [...all.map(entry), ...(more ?? [])]
    return operation('POST', [], {
      headers: { prefer: 'return=representation' },
      body: { resourceType: 'Bundle', type, entry: entries },
    })
  })

export const operations: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 30, arbitrary: put },
  { weight: 10, arbitrary: create },
  { weight: 6, arbitrary: putWhere },
  { weight: 8, arbitrary: patch },
  { weight: 8, arbitrary: remove },
  { weight: 2, arbitrary: removeWhere },
  { weight: 8, arbitrary: read },
  { weight: 8, arbitrary: history },
  { weight: 40, arbitrary: searched },
  { weight: 12, arbitrary: bundle },
)

const bare: Record<string, object> = {
  Encounter: { status: 'planned', class: { code: 'x' } },
  Group: { type: 'person', actual: true },
  Location: {},
  Observation: { status: 'final', code: { text: 'x' } },
  Organization: { name: 'x' },
  Patient: {},
  Practitioner: {},
}

/** Makes all that is referred to, and deletes it: where a reference came first, SQLite counts its target as made then. */
export const beforehand: Operation[] = Object.entries(bare).flatMap(([resourceType, one]) =>
  ['1', '2', '3'].flatMap(id => [
    operation('PUT', [resourceType, id], { body: { resourceType, id, ...one } }),
    operation('DELETE', [resourceType, id]),
  ]),
)

/** As it would be sent, with what is done between its pages below it. */
export function shown({ request, between }: Operation): string {
  const { method, path, query, headers: given, body } = request
  const line = [
    `${method} /${path.join('/')}${query.length > 0 ? `?${query.map(pair => pair.join('=')).join('&')}` : ''}`,
    ...Object.entries(given).flatMap(([key, value]) => (value ? [`${key}: ${value}`] : [])),
    ...(body === undefined ? [] : [printJson(body)]),
  ].join('\n  ')
  return [line, ...between.map(each => shown(each).replaceAll(/^/gm, '    '))].join('\n')
}

/** https://hl7.org/fhir/R4/http.html#history: of an instance, a type or the system; newest first, deletes included. */
import type { Context } from '../../resources/context.ts'
import { invalid, unsupported } from '../../resources/error.ts'
import { printJson } from '../../resources/json.ts'
import type { Repository } from '../../resources/repository.ts'
import { instantRange } from '../../resources/search/instant.ts'
import type { HistoryQuery } from '../../resources/search/query.ts'
import type { Zone } from '../../resources/search/zone.ts'
import type { Page, Version } from '../../resources/store.ts'
import type { Interaction, Parts } from '../interactions.ts'
import { type Listed, linksOf, printListing } from '../listing.ts'
import { refuseUnknown } from '../prefer.ts'
import type { FhirRequest } from '../request.ts'
import { reduce, type Subset, subsetOf } from '../summary.ts'

export const history: Interaction = async (request, context, parts) => {
  const [type, id] = request.path.filter(step => step !== '_history')
  const query: HistoryQuery = {
    ...(type ? { type } : {}),
    ...(id ? { id } : {}),
    ...readParameters(request, parts),
  }
  const subset = subsetOf(request)
  const { repository } = parts
  const page = await repository.history(context, query)
  const total = id === undefined ? undefined : await totalOf(page, query, { repository, context })
  const used = request.query.filter(([name]) => Object.hasOwn(parameters, name))
  const json = printListing({
    type: 'history',
    lastUpdated: page.settled,
    ...(total === undefined ? {} : { total }),
    links: linksOf(request, used, { next: page.next }),
    entries: page.versions.map(version => listed(version, request, subset)),
  })
  return { status: 200, headers: {}, json }
}

/** Versions are numbered from 1 without gaps, so the newest one tells how many there are. */
async function totalOf(
  page: Page,
  query: HistoryQuery,
  { repository, context }: { repository: Repository; context: Context },
): Promise<number | undefined> {
  const first = query.after === undefined
  if (first && !page.next) return page.versions.length
  if (query.since !== undefined || query.current) return undefined
  const { after: _, ...whole } = query
  const newest = first
    ? page.versions[0]
    : (await repository.history(context, { ...whole, count: 1 })).versions[0]
  return newest?.number
}

type Read = (value: string, query: HistoryQuery, parts: Parts) => void

const parameters: Readonly<Record<string, Read>> = {
  _count(value, query, { maxPage }) {
    if (!/^[1-9]\d{0,8}$/.test(value)) throw invalid('_count of a history takes a number from 1')
    query.count = Math.min(Number(value), maxPage)
  },
  _since(value, query, { zone }) {
    query.since = instantOf('_since', value, zone).low
  },
  _at(value, query, { zone }) {
    const { low, high } = instantOf('_at', value, zone)
    query.current = { from: low, to: high }
  },
  _list() {
    throw unsupported('a history of what a List names is not possible yet: leave _list out')
  },
  _page(value, query) {
    query.after = value
  },
  _summary() {},
  _elements() {},
  _format() {},
  _pretty() {},
}

const known = new Set(Object.keys(parameters))

function instantOf(name: string, value: string, zone: Zone) {
  const range = instantRange(value.replace(/ (\d\d:\d\d)$/, '+$1'), zone)
  if (!range) throw invalid(`${name} takes an instant such as 2024-05-01T10:00:00Z`)
  return range
}

function readParameters(request: FhirRequest, parts: Parts): HistoryQuery {
  const query: HistoryQuery = { count: parts.defaultPage }
  refuseUnknown(request, known, 'a history')
  for (const [name, value] of request.query)
    if (Object.hasOwn(parameters, name)) parameters[name]?.(value, query, parts)
  return query
}

const methods = {
  create: 'POST',
  update: 'PUT',
  revive: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
} as const

function listed(version: Version, request: FhirRequest, subset: Subset | undefined): Listed {
  const { type, id, number, at, method, json } = version
  return {
    fullUrl: `${request.base}/${type}/${id}`,
    json: subset && json !== undefined ? printJson(reduce(json, subset)) : json,
    rest: {
      request: { method: methods[method], url: method === 'create' ? type : `${type}/${id}` },
      response: {
        status: statusOf(version),
        etag: `W/"${number}"`,
        lastModified: new Date(at).toISOString(),
      },
    },
  }
}

/** What the write was answered with. */
function statusOf({ json, number, method }: Version): string {
  if (json === undefined) return '204'
  return number === 1 || method === 'revive' ? '201' : '200'
}

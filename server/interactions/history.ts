/** https://hl7.org/fhir/R4/http.html#history: of an instance, a type or the system; newest first, deletes included. */
import { invalid } from '../../resources/error.ts'
import { instantRange } from '../../resources/search/instant.ts'
import type { HistoryQuery } from '../../resources/search/query.ts'
import type { Version } from '../../resources/store.ts'
import type { Interaction, Parts } from '../interactions.ts'
import { type Listed, linksOf, printListing } from '../listing.ts'
import { preferOf } from '../prefer.ts'
import type { FhirRequest } from '../request.ts'

export const history: Interaction = async (request, context, parts) => {
  const [type, id] = request.path.filter(step => step !== '_history')
  const query: HistoryQuery = {
    ...(type ? { type } : {}),
    ...(id ? { id } : {}),
    ...readParameters(request, parts),
  }
  const page = await parts.repository.history(context, query)
  const used = request.query.filter(([name]) => name !== '_format' && name !== '_pretty')
  const whole = id !== undefined && !page.next && !query.after
  const json = printListing({
    type: 'history',
    ...(whole ? { total: page.versions.length } : {}),
    links: linksOf(request, used, page.next),
    entries: page.versions.map(version => listed(version, request)),
  })
  return { status: 200, headers: {}, json }
}

type Read = (value: string, query: HistoryQuery, parts: Parts) => void

const parameters: Readonly<Record<string, Read>> = {
  _count(value, query, { maxPage }) {
    if (!/^\d{1,9}$/.test(value)) throw invalid('_count takes a number')
    query.count = Math.max(1, Math.min(Number(value), maxPage))
  },
  _since(value, query) {
    query.since = instantOf('_since', value).low
  },
  _at(value, query) {
    const { low, high } = instantOf('_at', value)
    query.current = { from: low, to: high }
  },
  _page(value, query) {
    query.after = value
  },
  _format() {},
  _pretty() {},
}

function instantOf(name: string, value: string) {
  const range = instantRange(value.replace(/ (\d\d:\d\d)$/, '+$1'))
  if (!range) throw invalid(`${name} takes an instant such as 2024-05-01T10:00:00Z`)
  return range
}

function readParameters(request: FhirRequest, parts: Parts): HistoryQuery {
  const query: HistoryQuery = { count: parts.defaultPage }
  for (const [name, value] of request.query) {
    const read = Object.hasOwn(parameters, name) ? parameters[name] : undefined
    if (read) read(value, query, parts)
    else if (preferOf(request).handling !== 'lenient')
      throw invalid(`a history takes ${Object.keys(parameters).join(', ')} only`)
  }
  return query
}

const methods = { create: 'POST', update: 'PUT', patch: 'PATCH', delete: 'DELETE' } as const

function listed(version: Version, request: FhirRequest): Listed {
  const { type, id, number, at, method, json } = version
  const created = number === 1
  return {
    fullUrl: `${request.base}/${type}/${id}`,
    json,
    rest: {
      request: { method: methods[method], url: method === 'create' ? type : `${type}/${id}` },
      response: {
        status: json === undefined ? '204' : created ? '201' : '200',
        etag: `W/"${number}"`,
        lastModified: new Date(at).toISOString(),
      },
    },
  }
}

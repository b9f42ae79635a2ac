/** Bundles of what is stored, printed without parsing it. https://hl7.org/fhir/R4/bundle.html */
import { printJson } from '../resources/json.ts'
import type { FhirRequest } from './request.ts'

export interface Listed {
  fullUrl?: string
  /** A resource as JSON text. */
  json?: string | undefined
  /** What else the entry says: search, request, response. */
  rest: Record<string, unknown>
}

interface Listing {
  type: 'searchset' | 'history'
  total?: number
  links: { relation: string; url: string }[]
  entries: Listed[]
}

export function printListing({ type, total, links, entries }: Listing): string {
  const head = `{"resourceType":"Bundle","type":"${type}"${total === undefined ? '' : `,"total":${total}`},"link":${printJson(links)}`
  if (entries.length === 0) return `${head}}`
  return `${head},"entry":[${entries.map(printEntry).join(',')}]}`
}

function printEntry({ fullUrl, json, rest }: Listed): string {
  const parts = [
    ...(fullUrl ? [`"fullUrl":${printJson(fullUrl)}`] : []),
    ...(json === undefined ? [] : [`"resource":${json}`]),
    printJson(rest).slice(1, -1),
  ]
  return `{${parts.filter(Boolean).join(',')}}`
}

/** The address of this listing with the parameters it used, and of its next page, which looks like this one. */
export function linksOf(
  request: FhirRequest,
  used: [string, string][],
  next: string | undefined,
): Listing['links'] {
  const steps = request.path.filter(step => step !== '_search')
  const place = [request.base, ...steps].join('/')
  const address = (params: [string, string][]) =>
    params.length ? `${place}?${new URLSearchParams(params)}` : place
  const search = used.filter(([name]) => !looks.has(name))
  const links = [{ relation: 'self', url: address(search) }]
  if (next === undefined) return links
  const rest = search.filter(([name]) => name !== '_page')
  const looking = request.query.filter(([name]) => looks.has(name))
  return [...links, { relation: 'next', url: address([...rest, ...looking, ['_page', next]]) }]
}

const looks = new Set(['_format', '_pretty'])

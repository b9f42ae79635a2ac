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

export type Links = { relation: string; url: string }[]

interface Listing {
  type: 'searchset' | 'history'
  /** ms since 1970 */
  lastUpdated?: number | undefined
  total?: number
  links: Links
  entries: Listed[]
}

export function printListing({ type, lastUpdated, total, links, entries }: Listing): string {
  const meta =
    lastUpdated === undefined
      ? ''
      : `"meta":{"lastUpdated":"${new Date(lastUpdated).toISOString()}"},`
  const head = `{"resourceType":"Bundle",${meta}"type":"${type}"${total === undefined ? '' : `,"total":${total}`},"link":${printJson(links)}`
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

/** Of other pages; the first one is there without a place. */
type Relation = 'first' | 'previous' | 'next'

/** The address of this listing with the parameters it used, and those of other pages, which look like this one. */
export function linksOf(
  request: FhirRequest,
  used: [string, string][],
  pages: Partial<Record<Relation, string | undefined>>,
): Links {
  const steps = request.path.filter(step => step !== '_search')
  const place = [request.base, ...steps].join('/')
  const address = (params: [string, string][]) =>
    params.length ? `${place}?${new URLSearchParams(params)}` : place
  const search = used.filter(([name]) => !looks.has(name))
  const rest = search.filter(([name]) => name !== '_page')
  const looking = request.query.filter(([name]) => looks.has(name))
  const others = relations.flatMap(relation => {
    const page = pages[relation]
    if (page === undefined) return []
    const at: [string, string][] = page === '' ? [] : [['_page', page]]
    return [{ relation, url: address([...rest, ...looking, ...at]) }]
  })
  return [{ relation: 'self', url: address(search) }, ...others]
}

const relations = ['first', 'previous', 'next'] as const
const looks = new Set(['_format', '_pretty'])

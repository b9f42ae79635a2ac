/** A Bundle entry as a request, and an answer as a Bundle entry. https://hl7.org/fhir/R4/http.html#transaction */
import { STATUS_CODES } from 'node:http'
import { primitives } from '../profiles/primitives.ts'
import { shapeOf } from '../profiles/shape.ts'
import { type FhirError, invalid } from '../resources/error.ts'
import { decodeUtf8, parseJson, printJson } from '../resources/json.ts'
import { isObject } from '../resources/resource.ts'
import { preferOf } from './prefer.ts'
import { readQuery } from './query.ts'
import type { FhirRequest, FhirResponse } from './request.ts'

export interface Entry {
  /** `Bundle.entry[3]`: where diagnostics point to. */
  path: string
  fullUrl?: string
  request: FhirRequest
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']

/** Reads one entry; what the whole Bundle prefers holds for it too, and without that it answers no resource it wrote. */
export function readEntry(entry: unknown, index: number, outer: FhirRequest): Entry {
  const path = `Bundle.entry[${index}]`
  if (!isObject(entry)) throw invalid('the entry is not an object', path)
  refuseOthers(entry, 'Bundle.entry', path)
  const { request, resource, fullUrl } = entry
  if (!isObject(request))
    throw invalid('request is missing: each entry names its method and url', `${path}.request`)
  refuseOthers(request, 'Bundle.entry.request', `${path}.request`)
  const { method, url } = request
  if (typeof method !== 'string' || !methods.includes(method))
    throw invalid(`method must be one of ${methods.join(', ')}`, `${path}.request.method`)
  if (typeof url !== 'string' || url === '') throw invalid('url is missing', `${path}.request.url`)
  if (fullUrl !== undefined && typeof fullUrl !== 'string')
    throw invalid('fullUrl must be a string', `${path}.fullUrl`)
  const target = readUrl(url, outer.base, path)
  if (resource !== undefined) refuseUnread(method, target.path, path)
  return {
    path,
    ...(fullUrl ? { fullUrl } : {}),
    request: {
      method,
      ...target,
      ...readBody(method, resource, path),
      headers: { ...readHeaders(request, path, outer), ...contentType(resource) },
      base: outer.base,
    },
  }
}

/** A condition that is misspelt must not be passed over. */
export function refuseOthers(object: object, structure: string, path: string): void {
  const fields = shapeOf(structure)?.fields
  for (const key in object)
    if (!fields?.has(key.replace(/^_/, '')))
      throw invalid(`the elements here are ${[...(fields?.keys() ?? [])].join(', ')}`, path)
}

/** Passed over, what is meant to narrow a search would let it answer everything. A delete does what its url says all the same. */
function refuseUnread(method: string, target: string[], path: string): void {
  if (method === 'GET' || method === 'HEAD')
    throw invalid(`${method} reads no resource: what it asks for stands in url`, `${path}.resource`)
  if (method === 'POST' && target.at(-1) === '_search')
    throw invalid(
      'POST _search reads no resource in a Bundle, where no form can stand: its parameters stand in url',
      `${path}.resource`,
    )
}

function readUrl(url: string, base: string, path: string): Pick<FhirRequest, 'path' | 'query'> {
  const local = url.startsWith(`${base}/`) ? url.slice(base.length + 1) : url.replace(/^\//, '')
  const cut = local.indexOf('?')
  const steps = cut < 0 ? local : local.slice(0, cut)
  if (/^[a-z][a-z0-9+.-]*:/i.test(local))
    throw invalid('url must be relative to this server', `${path}.request.url`)
  try {
    return {
      path: steps.split('/').filter(Boolean).map(decodeURIComponent),
      query: cut < 0 ? [] : readQuery(local.slice(cut + 1)),
    }
  } catch {
    throw invalid('url is not correctly percent-encoded', `${path}.request.url`)
  }
}

const headerOf = {
  ifMatch: 'if-match',
  ifNoneMatch: 'if-none-match',
  ifModifiedSince: 'if-modified-since',
  ifNoneExist: 'if-none-exist',
} as const

function readHeaders(
  request: Record<string, unknown>,
  path: string,
  outer: FhirRequest,
): FhirRequest['headers'] {
  const prefer = preferOf(outer).return
    ? outer.headers.prefer
    : [outer.headers.prefer, 'return=minimal'].filter(Boolean).join(', ')
  const headers: FhirRequest['headers'] = { prefer }
  for (const [element, header] of Object.entries(headerOf)) {
    const value = request[element]
    if (value === undefined) continue
    if (typeof value !== 'string')
      throw invalid(`${element} must be a string`, `${path}.request.${element}`)
    headers[header] = element === 'ifModifiedSince' ? instant(value, path) : value
  }
  return headers
}

/** With its milliseconds, which an HTTP date has not: see isUnchanged. */
function instant(value: string, path: string): string {
  const at = Date.parse(value)
  if (Number.isNaN(at))
    throw invalid('ifModifiedSince must be an instant', `${path}.request.ifModifiedSince`)
  return new Date(at).toISOString()
}

/** A patch other than FHIRPath Patch comes in a Binary, whose contentType says which it is. */
const isPatchFile = (resource: unknown): resource is { contentType: string; data: string } =>
  isObject(resource) &&
  resource.resourceType === 'Binary' &&
  typeof resource.contentType === 'string' &&
  typeof resource.data === 'string'

const contentType = (resource: unknown): FhirRequest['headers'] => ({
  'content-type': isPatchFile(resource) ? resource.contentType : 'application/fhir+json',
})

function readBody(method: string, resource: unknown, path: string): Pick<FhirRequest, 'body'> {
  if (method === 'PATCH' && isPatchFile(resource))
    return { body: parseJson(decodeUtf8(readBase64(resource.data, path))) }
  if (resource === undefined && ['PUT', 'PATCH'].includes(method))
    throw invalid(`resource is missing: ${method} needs one`, `${path}.resource`)
  return resource === undefined ? {} : { body: resource }
}

/** Buffer.from passes over what is not base64. */
function readBase64(text: string, path: string): Uint8Array {
  if (!primitives.base64Binary?.is(text))
    throw invalid('data must be base64', `${path}.resource.data`)
  return Buffer.from(text, 'base64')
}

/** Prints the answer as an entry. What is stored is taken over as it is. */
export function printEntry(answer: FhirResponse): string {
  const { status, headers } = answer
  const phrase = STATUS_CODES[status]
  const response = {
    status: phrase ? `${status} ${phrase}` : String(status),
    location: headers.Location ?? headers['Content-Location'],
    etag: headers.ETag,
    lastModified: answer.version ? new Date(answer.version.at).toISOString() : undefined,
    outcome: answer.outcome,
  }
  const body = answer.json ?? (answer.resource && printJson(answer.resource))
  return `{${body === undefined ? '' : `"resource":${body},`}"response":${printJson(response)}}`
}

/** The answer to an entry that failed. */
export const failedEntry = (error: FhirError): FhirResponse => ({
  status: error.status,
  headers: error.headers,
  outcome: error.outcome,
})

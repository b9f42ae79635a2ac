/** From a request to what it wants written, and from the outcome to the answer; for single requests and Bundle entries alike. */
import { invalid, unsupportedMedia } from '../resources/error.ts'
import type { Outcome, Patch, Write } from '../resources/repository.ts'
import type { Version } from '../resources/store.ts'
import type { FhirRequest, FhirResponse } from './request.ts'

/** https://hl7.org/fhir/R4/http.html: POST creates, PUT updates, PATCH patches, DELETE deletes; without an id by criteria. */
export function writeOf(request: FhirRequest): Write {
  const [type = '', id] = request.path
  const target = { type, ...(id === undefined ? {} : { id }) }
  const criteria = id === undefined ? { criteria: criteriaOf(request.query) } : {}
  switch (request.method) {
    case 'POST':
      return { kind: 'create', type, resource: request.body, ...ifNoneExist(request) }
    case 'PUT':
      return {
        kind: 'update',
        ...target,
        ...criteria,
        resource: request.body,
        ...conditions(request),
      }
    case 'PATCH':
      return {
        kind: 'patch',
        ...target,
        ...criteria,
        patch: patchOf(request),
        ...conditions(request),
      }
    default:
      return { kind: 'delete', ...target, ...criteria, ...conditions(request) }
  }
}

/** Parameters that say how to answer, not what to find. */
const presentation = new Set(['_format', '_pretty', '_summary', '_elements'])

const criteriaOf = (query: [string, string][]): [string, string][] =>
  query.filter(([name]) => !presentation.has(name))

/** https://hl7.org/fhir/R4/http.html#ccreate: the header holds the search part of a URL. */
function ifNoneExist(request: FhirRequest): Pick<Write, 'criteria'> {
  const header = request.headers['if-none-exist']
  if (header === undefined) return {}
  const search = header.slice(header.indexOf('?') + 1)
  return { criteria: [...new URLSearchParams(search)] }
}

function conditions(request: FhirRequest): Pick<Write, 'ifMatch' | 'ifNoneMatch'> {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = request.headers
  if (ifNoneMatch !== undefined && ifNoneMatch.trim() !== '*')
    throw invalid('If-None-Match on a write takes * only')
  return {
    ...(ifMatch === undefined ? {} : { ifMatch: versionsOf(ifMatch) }),
    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch: '*' }),
  }
}

/** `W/"3"`, or several, or `*`. A version id that is not a number of ours matches nothing. */
function versionsOf(header: string): number[] | '*' {
  const text = header.trim()
  if (text === '*') return '*'
  return text.split(',').map(tag => {
    const version = /^\s*(?:W\/)?"([^"]*)"\s*$/.exec(tag)?.[1]
    if (version === undefined)
      throw invalid('If-Match is malformed: it takes version tags such as W/"3", or *')
    return /^[1-9]\d{0,14}$/.test(version) ? Number(version) : -1
  })
}

const languages: Record<string, Patch['language']> = {
  'application/json-patch+json': 'json-patch',
  'application/merge-patch+json': 'merge-patch',
  'application/fhir+json': 'fhirpath-patch',
  'application/json': 'fhirpath-patch',
}

/** The media types a PATCH may come in. */
export const patchFormats = Object.keys(languages)

function patchOf(request: FhirRequest): Patch {
  const mediaType = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const language = Object.hasOwn(languages, mediaType) ? languages[mediaType] : undefined
  if (!language)
    throw unsupportedMedia(
      `a patch is one of ${patchFormats.join(', ')}: say which in Content-Type`,
    )
  return { language, body: request.body }
}

/** ETag and Last-Modified of a version. */
export const versionHeaders = (version: Version): Record<string, string> => ({
  ETag: `W/"${version.number}"`,
  'Last-Modified': new Date(version.at).toUTCString(),
})

/** The answer to a write, with the resource as it now stands; `prefer.ts` decides what of it is sent. */
export function answerOf(outcome: Outcome, request: FhirRequest): FhirResponse {
  const { status, version } = outcome
  if (!version) return { status, headers: {} }
  if (version.json === undefined) return { status: 204, headers: versionHeaders(version), version }
  const place = `${request.base}/${version.type}/${version.id}/_history/${version.number}`
  return {
    status,
    headers: {
      ...versionHeaders(version),
      ...(request.method === 'POST' || status === 201
        ? { Location: place }
        : { 'Content-Location': place }),
    },
    json: version.json,
    version,
  }
}

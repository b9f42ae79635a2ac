/** From a request to what it wants written, and from the outcome to the answer; for single requests and Bundle entries alike. */
import { invalid, issue } from '../resources/error.ts'
import type { Outcome, Patch, Write } from '../resources/repository.ts'
import { isId } from '../resources/resource.ts'
import type { Version } from '../resources/store.ts'
import { writeConditions as conditions, ifNoneExist } from './conditions.ts'
import { notAPatch } from './formats.ts'
import { preferOf, refuseUnknown } from './prefer.ts'
import type { FhirRequest, FhirResponse } from './request.ts'
import { reduce, subsetOf } from './summary.ts'

/** https://hl7.org/fhir/R4/http.html: POST creates, PUT updates, PATCH patches, DELETE deletes; without an id by criteria. */
export function writeOf(request: FhirRequest): Write {
  const [type = ''] = request.path
  const { body } = request
  // Refused before anything is written, not when it is answered.
  subsetOf(request)
  switch (request.method) {
    case 'POST':
      refuseUnknown(request, shaping, 'a create (its search goes into If-None-Exist)')
      return { kind: 'create', type, resource: body, ...ifNoneExist(request) }
    case 'PUT':
      return { kind: 'update', type, ...target(request), resource: body, ...conditions(request) }
    case 'PATCH':
      return {
        kind: 'patch',
        type,
        ...target(request),
        patch: patchOf(request),
        ...conditions(request),
      }
    default:
      return { kind: 'delete', type, ...target(request), ...conditions(request) }
  }
}

const shaping = new Set(['_format', '_pretty', '_summary', '_elements'])

/** Which one is meant: by its id, or by the search that stands in its place. */
function target(request: FhirRequest): Pick<Write, 'id' | 'criteria'> {
  const id = request.path[1]
  if (id === undefined) return { criteria: request.query.filter(([name]) => !shaping.has(name)) }
  if (!isId(id)) throw invalid(idRule)
  refuseUnknown(request, shaping, 'a write by id')
  return { id }
}

/** https://hl7.org/fhir/R4/datatypes.html#id */
export const idRule = 'the id is not valid: 1 to 64 letters, digits, hyphens and dots'

const languages: Record<string, Patch['language']> = {
  'application/json-patch+json': 'json-patch',
  'application/merge-patch+json': 'merge-patch',
  'application/fhir+json': 'fhirpath-patch',
  'application/json': 'fhirpath-patch',
}

function patchOf(request: FhirRequest): Patch {
  const mediaType = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const language = Object.hasOwn(languages, mediaType) ? languages[mediaType] : undefined
  if (!language) throw notAPatch()
  return { language, body: request.body }
}

/** ETag and Last-Modified of a version. */
export const versionHeaders = (version: Version): { ETag: string; 'Last-Modified': string } => ({
  ETag: `W/"${version.number}"`,
  'Last-Modified': new Date(version.at).toUTCString(),
})

/** The answer to a write, with what its caller prefers to get. https://hl7.org/fhir/R4/http.html#ops */
export function answerOf(outcome: Outcome, request: FhirRequest): FhirResponse {
  const answer = wholeAnswer(outcome, request)
  const wanted = preferOf(request).return
  if (wanted === 'OperationOutcome')
    return told(answer, outcome.changed ? 'done' : 'nothing had to be changed')
  const { json, ...rest } = answer
  if (wanted === 'minimal') return rest
  const subset = subsetOf(request)
  return subset && json !== undefined ? { ...rest, resource: reduce(json, subset) } : answer
}

/** The answer with a few words in place of a resource. */
export const told = ({ json: _, ...answer }: FhirResponse, words: string): FhirResponse => ({
  ...answer,
  status: answer.status === 204 ? 200 : answer.status,
  outcome: {
    resourceType: 'OperationOutcome',
    issue: [issue('informational', words, undefined, 'information')],
  },
})

function wholeAnswer(outcome: Outcome, request: FhirRequest): FhirResponse {
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

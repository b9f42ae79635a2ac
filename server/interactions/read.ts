/** https://hl7.org/fhir/R4/http.html#read and #vread */
import { invalid, notFound } from '../../resources/error.ts'
import type { Version } from '../../resources/store.ts'
import type { Interaction } from '../interactions.ts'
import { preferOf } from '../prefer.ts'
import type { FhirRequest, FhirResponse } from '../request.ts'
import { reduce, subsetOf } from '../summary.ts'
import { versionHeaders } from '../writes.ts'

export const read: Interaction = async (request, context, { repository }) => {
  checkParameters(request)
  const [type = '', id = ''] = request.path
  return answer(request, await repository.read(context, type, id))
}

export const vread: Interaction = async (request, context, { repository }) => {
  checkParameters(request)
  const [type = '', id = '', , number = ''] = request.path
  if (!/^[1-9]\d{0,14}$/.test(number))
    throw notFound('there is no such version: versions are 1, 2, 3 and on')
  return answer(request, await repository.read(context, type, id, Number(number)))
}

/** What is stored goes through as it is, unless a part of it was asked for. */
function answer(request: FhirRequest, version: Version): FhirResponse {
  const headers = versionHeaders(version)
  if (isUnchanged(request, version)) return { status: 304, headers }
  const { json = '' } = version
  const subset = subsetOf(request)
  if (subset) return { status: 200, headers, resource: reduce(json, subset), version }
  return { status: 200, headers, json, version }
}

const known = new Set(['_format', '_pretty', '_summary', '_elements'])

function checkParameters(request: FhirRequest): void {
  if (request.query.length === 0) return
  const unknown = request.query.find(([name]) => !known.has(name))
  if (unknown && preferOf(request).handling !== 'lenient')
    throw invalid(`a read takes ${[...known].join(', ')} only`)
}

/** https://hl7.org/fhir/R4/http.html#cread: If-None-Match decides where both are given. */
function isUnchanged(request: FhirRequest, version: Version): boolean {
  const { 'if-none-match': tags, 'if-modified-since': since } = request.headers
  if (tags !== undefined)
    return tags
      .split(',')
      .map(tag => tag.trim().replace(/^W\//, ''))
      .some(tag => tag === '*' || tag === `"${version.number}"`)
  if (since === undefined) return false
  const instant = Date.parse(since)
  if (Number.isNaN(instant)) throw invalid('If-Modified-Since takes an HTTP date')
  return Math.floor(version.at / 1000) * 1000 <= instant
}

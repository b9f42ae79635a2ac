/** https://hl7.org/fhir/R4/http.html#read, #vread and #cread */
import { notFound } from '../../resources/error.ts'
import type { Version } from '../../resources/store.ts'
import { isUnchanged } from '../conditions.ts'
import type { Interaction } from '../interactions.ts'
import { refuseUnknown } from '../prefer.ts'
import type { FhirRequest, FhirResponse } from '../request.ts'
import { reduce, subsetOf } from '../summary.ts'
import { versionHeaders } from '../writes.ts'

const parameters = new Set(['_format', '_pretty', '_summary', '_elements'])

export const read: Interaction = async (request, context, { repository }) => {
  refuseUnknown(request, parameters, 'a read')
  const [type = '', id = ''] = request.path
  return answer(request, await repository.read(context, type, id))
}

export const vread: Interaction = async (request, context, { repository }) => {
  refuseUnknown(request, parameters, 'a read of a version')
  const [type = '', id = '', , number = ''] = request.path
  if (!/^[1-9]\d{0,14}$/.test(number))
    throw notFound('there is no such version: versions are 1, 2, 3 and on')
  return answer(request, await repository.read(context, type, id, Number(number)))
}

/** What is stored goes through as it is, unless a part of it was asked for. */
function answer(request: FhirRequest, version: Version): FhirResponse {
  const headers = versionHeaders(version)
  const subset = subsetOf(request)
  if (isUnchanged(request, headers.ETag, version.at)) return { status: 304, headers, version }
  const { json = '' } = version
  if (subset) return { status: 200, headers, resource: reduce(json, subset), version }
  return { status: 200, headers, json, version }
}

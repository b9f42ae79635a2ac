/** https://hl7.org/fhir/R4/http.html#create, #update, #patch and #delete, with their conditional forms. */
import { invalid, issue } from '../../resources/error.ts'
import type { Interaction } from '../interactions.ts'
import { preferOf } from '../prefer.ts'
import type { FhirRequest, FhirResponse } from '../request.ts'
import { answerOf, writeOf } from '../writes.ts'

const write: Interaction = async (request, context, { repository }) => {
  const outcome = await repository.write(context, writeOf(request))
  return preferred(request, answerOf(outcome, request), outcome.changed)
}

export const create = write
export const update = write
export const patch = write

/** A conditional delete takes one resource; more where `_count` of the criteria says so, up to the limit. */
export const remove: Interaction = async (request, context, parts) => {
  const limit = request.path.length > 1 ? undefined : limitOf(request)
  if (limit === undefined) return write(request, context, parts)
  if (limit > parts.maxDelete)
    throw invalid(`_count of a conditional delete may be ${parts.maxDelete} at most (MAX_DELETE)`)
  const { type, criteria = [] } = writeOf(request)
  const search = criteria.filter(([name]) => name !== '_count')
  const count = await parts.repository.deleteMatching(context, type, search, limit)
  return preferOf(request).return === 'minimal'
    ? { status: 204, headers: {} }
    : told({ status: 200, headers: {} }, `${count} deleted`)
}

function limitOf(request: FhirRequest): number | undefined {
  const count = request.query.find(([name]) => name === '_count')?.[1]
  if (count === undefined) return undefined
  if (!/^[1-9]\d{0,8}$/.test(count))
    throw invalid('_count of a conditional delete takes a number from 1')
  return Number(count)
}

/** https://hl7.org/fhir/R4/http.html#ops: Prefer decides what of the answer is sent. */
function preferred(request: FhirRequest, answer: FhirResponse, changed: boolean): FhirResponse {
  const wanted = preferOf(request).return
  if (wanted === 'OperationOutcome')
    return told(answer, changed ? 'done' : 'nothing had to be changed')
  if (wanted !== 'minimal') return answer
  const { json: _, ...rest } = answer
  return rest
}

const told = (answer: FhirResponse, words: string): FhirResponse => ({
  status: answer.status === 204 ? 200 : answer.status,
  headers: answer.headers,
  ...(answer.version ? { version: answer.version } : {}),
  resource: {
    resourceType: 'OperationOutcome',
    issue: [issue('informational', words, undefined, 'information')],
  },
})

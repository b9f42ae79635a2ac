/** https://hl7.org/fhir/R4/http.html#create, #update, #patch and #delete, with their conditional forms. */
import { invalid, issue } from '../../resources/error.ts'
import type { Interaction } from '../interactions.ts'
import { preferOf } from '../prefer.ts'
import type { FhirRequest, FhirResponse } from '../request.ts'
import { answerOf, writeOf } from '../writes.ts'

const write: Interaction = async (request, context, { repository }) => {
  const prefer = preferOf(request)
  const outcome = await repository.write(context, writeOf(request))
  const answer = answerOf(outcome, request)
  if (prefer.return === 'OperationOutcome') return told(answer, outcome.changed)
  if (prefer.return === 'minimal') {
    const { json: _, ...rest } = answer
    return rest
  }
  return answer
}

export const create = write
export const update = write
export const patch = write

/** A conditional delete takes one resource; more where `_count` of the criteria says so, up to the limit. */
export const remove: Interaction = async (request, context, parts) => {
  const limit = manyOf(request)
  if (limit === undefined || request.path.length > 1) return write(request, context, parts)
  if (limit > parts.maxDelete)
    throw invalid(`_count of a conditional delete may be ${parts.maxDelete} at most (MAX_DELETE)`)
  const criteria = request.query.filter(([name]) => name !== '_count')
  const [type = ''] = request.path
  const count = await parts.repository.deleteMatching(context, type, criteria, limit)
  return told({ status: 200, headers: {} }, count > 0, `${count} deleted`)
}

function manyOf(request: FhirRequest): number | undefined {
  const count = request.query.find(([name]) => name === '_count')?.[1]
  if (count === undefined) return undefined
  if (!/^[1-9]\d{0,8}$/.test(count))
    throw invalid('_count of a conditional delete takes a number from 1')
  return Number(count)
}

function told(answer: FhirResponse, changed: boolean, words?: string): FhirResponse {
  const text = words ?? (changed ? 'done' : 'nothing had to be changed')
  return {
    status: answer.status === 204 ? 200 : answer.status,
    headers: answer.headers,
    resource: {
      resourceType: 'OperationOutcome',
      issue: [issue('informational', text, undefined, 'information')],
    },
  }
}

/** https://hl7.org/fhir/R4/http.html#create, #update, #patch and #delete, with their conditional forms. */
import { invalid } from '../../resources/error.ts'
import type { Interaction } from '../interactions.ts'
import { preferOf } from '../prefer.ts'
import type { FhirRequest } from '../request.ts'
import { answerOf, told, writeOf } from '../writes.ts'

const write: Interaction = async (request, context, { repository }) => {
  return answerOf(await repository.write(context, writeOf(request)), request)
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

import type { Context } from '../resources/context.ts'
import type { Parts } from './interactions.ts'
import { operations } from './operations.ts'
import type { FhirRequest, FhirResponse } from './request.ts'
import { findRoute } from './route.ts'

export type Dispatch = (request: FhirRequest, context: Context) => Promise<FhirResponse>

type Given = Omit<Parts, 'dispatch' | 'operations'> & Partial<Pick<Parts, 'operations'>>

/** From a request to its answer; what HTTP, a Bundle entry and a test all call. Rejects with a FhirError. */
export function createDispatch(parts: Given): Dispatch {
  const dispatch: Dispatch = async (request, context) => {
    const { interaction, type, run } = findRoute(request, whole.operations)
    // The edge logs and counts by these, also where the interaction fails.
    request.interaction = interaction
    if (type !== undefined) request.type = type
    return run(request, context, whole)
  }
  const whole: Parts = { operations, ...parts, dispatch }
  return dispatch
}

/** What is known of the elements that hold the parts of a composite. */
import { compilePath } from '../fhirpath.ts'
import { datatypesAt } from './datatypes.ts'

/** Their structure; `Element` where it is not told, or is several. */
export function elementOf(expression: string, type: string): string {
  const ways = compilePath(expression, type)?.ways ?? []
  const [shape, ...others] = new Set(ways.flatMap(({ steps }) => datatypesAt(steps, type)))
  return shape !== undefined && others.length === 0 ? shape : 'Element'
}

/** Of a code within the element: the system that its binding implies. */
export const systemIn = (expression: string, type: string): string =>
  compilePath(expression, type)?.ways?.[0]?.system ?? ''

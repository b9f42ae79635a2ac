import { tooLarge } from '../error.ts'
import { decimalText, isDecimal } from '../json.ts'

/** What a resource is held to when it comes as a body. */
export interface PatchLimits {
  /** Objects and arrays inside each other. */
  depth: number
  /** Characters of its JSON, about. */
  size: number
}

/** Each operation looks for its place anew. */
const mostOperations = 1000

export function refuseMany(operations: unknown[]): void {
  if (operations.length > mostOperations)
    throw tooLarge(`a patch may have ${mostOperations} operations: send it in parts`)
}

export const defaultLimits: PatchLimits = { depth: 64, size: 16 * 1024 * 1024 }

/** Adds the size of a value to what was counted before; a FhirError 413 as soon as it is too much or too deep. */
export function count(value: unknown, limits: PatchLimits, before = 0, depth = 1): number {
  let size = before + 1
  if (typeof value === 'string') size += value.length + 1
  else if (isDecimal(value)) size += decimalText(value).length
  else if (typeof value === 'object' && value !== null) {
    if (depth > limits.depth)
      throw tooLarge(
        `the patch nests deeper than ${limits.depth} levels, the limit of a body (MAX_DEPTH)`,
      )
    for (const [key, child] of Object.entries(value)) {
      if (!Array.isArray(value)) size += key.length + 3
      size = count(child, limits, size, depth + 1)
    }
  } else size += 3
  if (size > limits.size) throw tooLarge('the patch makes more than the limit of a body (MAX_BODY)')
  return size
}

/** The table of operations. https://hl7.org/fhir/R4/operations.html */
import type { Interaction } from './interactions.ts'

export interface Operation {
  /** FHIR's code, without the $. */
  code: string
  /** Address of its OperationDefinition. */
  definition: string
  /** Where it can be asked for: at the base, on these types, on resources of these types. */
  on: { system?: true; type?: readonly string[]; instance?: readonly string[] }
  /** It changes something: POST only. */
  writes: boolean
  run: Interaction
}

export type Operations = readonly Operation[]

export const operations: Operations = []

/** The operation a path ends in: `$code`, `Type/$code` or `Type/id/$code`. */
export function findOperation(path: string[], table: Operations): Operation | undefined {
  const code = path.at(-1)?.slice(1)
  const [type = ''] = path
  return table.find(({ code: own, on }) => {
    if (own !== code) return false
    if (path.length === 1) return on.system === true
    if (path.length === 2) return on.type?.includes(type) === true
    return path.length === 3 && on.instance?.includes(type) === true
  })
}

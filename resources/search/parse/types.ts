/** Which types a search is on. https://hl7.org/fhir/R4/search.html#all */
import { isResourceType, resourceTypes } from '../../definitions.ts'
import { invalid } from '../../error.ts'
import { nearest, shown } from '../nearest.ts'

/** The type of the address, or what `_type` allows of all; absent: all. Several `_type` allow what each of them does. */
export function typesOf(
  type: string | undefined,
  params: [string, string][],
): string[] | undefined {
  const lists = params.filter(([name]) => name === '_type').map(([, value]) => readTypes(value))
  const [first, ...others] = lists
  if (!first) return type ? [type] : undefined
  if (type) throw invalid(`_type is for searches on all types: the address names ${type}`)
  return first.filter(each => others.every(list => list.includes(each)))
}

function readTypes(value: string): string[] {
  const types = [...new Set(value.split(','))]
  const wrong = types.find(each => !isResourceType(each))
  if (wrong !== undefined)
    throw invalid(
      `_type takes resource types with commas between them: ${shown(wrong, 'what is there')} is none; near to it are ${nearest(wrong, resourceTypes())}`,
    )
  return types
}

/**
 * `:below` and `:above` on references to what is part of another of its type: a ward and its rooms.
 * https://hl7.org/fhir/R4/search.html#recursive
 */
import { searchParameters } from '../definitions.ts'
import { unsupported } from '../error.ts'
import { parseReference } from '../reference.ts'
import { anyOf } from './prefix.ts'
import type { Predicate } from './query.ts'
import type { Asked } from './type.ts'

/** Parts of parts, as far as they are followed: from a country to a bed. */
const levels = 12

/** `targets`: what the value names, as `Location/1`. */
export function readParts(match: 'below' | 'above', targets: string[], asked: Asked): Predicate {
  const parts = targets.flatMap(target => {
    const { form, type, id } = parseReference(target) ?? {}
    const parent = form === 'relative' && type ? parentOf(type) : undefined
    return type && id && parent ? [{ type, id, parent, target }] : []
  })
  if (parts.length === 0)
    throw unsupported(
      `${asked.name}: what ${asked.facts.code} refers to is not part of another one of its type, as Locations and Organizations are`,
    )
  return anyOf(parts.map(part => (match === 'below' ? below(part, asked) : above(part, asked))))
}

interface Part {
  type: string
  id: string
  /** The parameter by which it refers to what it is part of. */
  parent: string
  target: string
}

/** It, or what is part of it. */
function below({ type, parent, target }: Part, { param }: Asked): Predicate {
  const targets = [target]
  const reaches = (by: string, level: number): Predicate => {
    const direct: Predicate = { kind: 'reference', param: by, targets }
    if (level === 0) return direct
    const where = [reaches(parent, level - 1)]
    return { kind: 'or', any: [direct, { kind: 'chain', param: by, types: [type], where }] }
  }
  return reaches(param, levels)
}

/** It, or what it is part of. */
function above({ type, id, parent, target }: Part, { param }: Asked): Predicate {
  const itself: Predicate = { kind: 'id', ids: [id] }
  const holds = (level: number): Predicate =>
    level === 0
      ? itself
      : {
          kind: 'or',
          any: [itself, { kind: 'has', type, param: parent, where: [holds(level - 1)] }],
        }
  const direct: Predicate = { kind: 'reference', param, targets: [target] }
  return {
    kind: 'or',
    any: [direct, { kind: 'chain', param, types: [type], where: [holds(levels)] }],
  }
}

/** Whether resources of this type can be part of each other. */
export const hasParts = (type: string): boolean => parentOf(type) !== undefined

const parentOf = (type: string): string | undefined =>
  searchParameters(type).find(
    ({ expression, target }) => expression === `${type}.partOf` && target?.includes(type),
  )?.code

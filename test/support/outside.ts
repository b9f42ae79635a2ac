import { isHeld } from '../../resources/search/inside.ts'
import type { Predicate } from '../../resources/search/query.ts'

/** The same where nothing is looked for within a resource. */
export function outside(predicate: Predicate): Predicate {
  switch (predicate.kind) {
    case 'and':
      return { ...predicate, all: predicate.all.map(outside) }
    case 'or': {
      const any = predicate.any.filter(each => !isInside(each)).map(outside)
      const [only] = any
      return only && any.length === 1 ? only : { ...predicate, any }
    }
    case 'not':
      return { ...predicate, not: outside(predicate.not) }
    case 'chain':
    case 'has':
      return { ...predicate, where: predicate.where.map(outside) }
    default:
      return predicate
  }
}

function isInside(predicate: Predicate): boolean {
  if (predicate.kind === 'and') return predicate.all.some(isInside)
  if (predicate.kind === 'or') return predicate.any.every(isInside)
  if (predicate.kind === 'not') return isInside(predicate.not)
  return 'param' in predicate && isHeld(predicate.param)
}

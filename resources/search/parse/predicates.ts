import type { Predicate } from '../query.ts'

export const never: Predicate = { kind: 'or', any: [] }
export const always: Predicate = { kind: 'and', all: [] }

/** Any of these; what a store answers in one go becomes one. */
export function eitherOf(predicates: Predicate[]): Predicate {
  const any = predicates.flatMap(each => (each.kind === 'or' ? each.any : [each]))
  const [first] = any
  if (any.length === 1 && first) return first
  const ids = any.flatMap(each => (each.kind === 'id' ? each.ids : []))
  if (first && any.every(({ kind }) => kind === 'id')) return { kind: 'id', ids: [...new Set(ids)] }
  if (first?.kind === 'reference' && any.every(each => isLike(first, each))) {
    const targets = any.flatMap(each => (each.kind === 'reference' ? each.targets : []))
    return { ...first, targets: [...new Set(targets)] }
  }
  return { kind: 'or', any }
}

const isLike = (one: { param: string; first?: unknown }, other: Predicate): boolean =>
  other.kind === 'reference' && other.param === one.param && !other.first && !one.first

/** All of these at once. */
export const allOf = (predicates: Predicate[]): Predicate =>
  predicates.length === 1 && predicates[0] ? predicates[0] : { kind: 'and', all: predicates }

/** A predicate read for a type, and for which. */
export interface ForTypes {
  types: string[]
  predicate: Predicate
}

/** Those that ask for the same stand together. */
export function grouped(all: { type: string; predicate: Predicate }[]): ForTypes[] {
  const groups = new Map<string, ForTypes>()
  for (const { type, predicate } of all) {
    const key = JSON.stringify(predicate)
    const group = groups.get(key)
    if (group) group.types.push(type)
    else groups.set(key, { types: [type], predicate })
  }
  return [...groups.values()]
}

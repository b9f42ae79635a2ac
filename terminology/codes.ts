/** Sets of codes by system, as they are put together while a value set is expanded. */
import { tooCostly } from '../resources/error.ts'
import type { Codes } from '../resources/ports.ts'

/** `all`: each code of the system, where they are too many to list. */
export type CodeSets = Map<string, ReadonlySet<string> | 'all'>

/** More codes than this are not listed: each of them is looked for. */
export const mostCodes = 50_000

export function union(sets: CodeSets[]): CodeSets {
  const all: CodeSets = new Map()
  for (const set of sets)
    for (const [system, codes] of set) {
      const before = all.get(system) ?? new Set<string>()
      all.set(system, before === 'all' || codes === 'all' ? 'all' : before.union(codes))
    }
  return refuseMany(all)
}

export function intersection(a: CodeSets, b: CodeSets): CodeSets {
  const both: CodeSets = new Map()
  for (const [system, codes] of a) {
    const other = b.get(system)
    if (!other) continue
    if (codes === 'all') both.set(system, other)
    else both.set(system, other === 'all' ? codes : codes.intersection(other))
  }
  return both
}

export function difference(a: CodeSets, b: CodeSets): CodeSets {
  const rest: CodeSets = new Map()
  for (const [system, codes] of a) {
    const without = b.get(system)
    if (without === 'all') continue
    if (codes === 'all' && without?.size)
      throw tooCostly(
        `the value set is all of ${system} without some codes, and that has more than ${mostCodes}: list the codes in a value set of its own`,
      )
    rest.set(system, codes === 'all' || !without ? codes : codes.difference(without))
  }
  return rest
}

function refuseMany(sets: CodeSets): CodeSets {
  if (sizeOf(sets) > mostCodes)
    throw tooCostly(
      `the value set has more than ${mostCodes} codes: ask for a smaller one, or for all of a system (system|)`,
    )
  return sets
}

export const sizeOf = (sets: CodeSets): number =>
  [...sets.values()].reduce((sum, codes) => sum + (codes === 'all' ? 0 : codes.size), 0)

export const printCodes = (sets: CodeSets): Codes[] =>
  [...sets]
    .filter(([, codes]) => codes === 'all' || codes.size > 0)
    .map(([system, codes]) => ({ system, codes: codes === 'all' ? codes : [...codes] }))

/** Amounts that are asked for in whatever unit they were written in. https://hl7.org/fhir/R4/search.html#quantity */
import { createBudget } from './parse/scope.ts'
import { anyOf } from './prefix.ts'
import { boundsIn } from './quantity.ts'
import { type Predicate, partsOf } from './query.ts'
import { ucum } from './ucum.ts'

/** Whether it takes the units that values are in to answer it. */
export const asksUnits = (predicate: Predicate): boolean =>
  predicate.kind === 'amount' || partsOf(predicate).some(asksUnits)

/** The same by ranges in these units of UCUM, which are all that values are in. Throws where that is too much. */
export function inUnits(where: Predicate[], units: readonly string[]): Predicate[] {
  const budget = createBudget()
  return where.map(each => {
    const made = ranges(each, units)
    budget.take(made)
    return made
  })
}

function ranges(predicate: Predicate, units: readonly string[]): Predicate {
  const each = (all: Predicate[]) => all.map(one => ranges(one, units))
  switch (predicate.kind) {
    case 'amount': {
      const { number, asked, kind: _, ...of } = predicate
      return anyOf(
        units.flatMap(unit =>
          boundsIn({ number, asked }, unit).map(bounds => ({
            ...{ kind: 'quantity' as const, ...of, ...bounds, system: ucum, unit },
          })),
        ),
      )
    }
    case 'and':
      return { ...predicate, all: each(predicate.all) }
    case 'or':
      return { ...predicate, any: each(predicate.any) }
    case 'not':
      return { ...predicate, not: ranges(predicate.not, units) }
    case 'chain':
    case 'has':
      return { ...predicate, where: each(predicate.where) }
    default:
      return predicate
  }
}

/** https://hl7.org/fhir/R4/search_filter.html */
import { FhirError, invalid, unsupported } from '../../error.ts'
import type { Predicate } from '../query.ts'
import { chained, referenceOf } from './chain.ts'
import { compare } from './filter-compare.ts'
import { type Filter, parseFilter, type Step } from './filter-grammar.ts'
import { allOf, eitherOf } from './predicates.ts'
import type { Scope } from './scope.ts'
import { factsOf, UnknownParameter } from './unknown.ts'

export function readFilter(value: string, scope: Scope): Predicate {
  try {
    return read(parseFilter(value), scope)
  } catch (error) {
    // To pass over a part of it would turn the others round.
    if (!(error instanceof UnknownParameter)) throw error
    throw new FhirError(error.status, [...error.outcome.issue])
  }
}

function read(filter: Filter, scope: Scope): Predicate {
  switch (filter.is) {
    case 'and':
      return allOf(filter.all.map(each => read(each, scope)))
    case 'or':
      return eitherOf(filter.all.map(each => read(each, scope)))
    case 'not':
      return { kind: 'not', not: read(filter.filter, scope) }
    case 'test': {
      const { path, operator, value } = filter
      if (operator !== 'pr') return readPath(path, { operator, value }, scope)
      if (value !== 'true' && value !== 'false') throw invalid('_filter: pr takes true or false')
      const there = readPath(path, { operator, value: 'true' }, scope)
      return value === 'true' ? there : { kind: 'not', not: there }
    }
  }
}

interface Test {
  operator: string
  value: string
}

function readPath([step, ...more]: Step[], test: Test, scope: Scope): Predicate {
  if (!step) throw invalid('_filter: a path names a parameter')
  const { code, target, where } = step
  const [next] = more
  if (!next) {
    if (where || target)
      throw unsupported(
        `_filter: ${code} is followed by a filter or a type, so a . and a parameter must follow`,
      )
    return compare(factsOf(code, scope), test, scope)
  }
  if (factsOf(code, scope).type !== 'reference')
    throw unsupported(
      `_filter: ${code} of ${scope.type} is not a reference, so that nothing can follow it here`,
    )
  const facts = referenceOf(code, scope)
  return chained({ facts, target, rest: next.code }, scope, inner =>
    allOf([...(where ? [read(where, inner)] : []), readPath(more, test, inner)]),
  )
}

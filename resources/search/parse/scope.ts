/** What is shared by all that reads one search. */
import type { Context } from '../../context.ts'
import { tooCostly } from '../../error.ts'
import type { Terminology } from '../../ports.ts'
import type { OwnParameters } from '../../search.ts'
import type { Compartment } from '../compartment.ts'
import { mostLinks } from '../links.ts'
import type { Predicate } from '../query.ts'
import type { Zone } from '../zone.ts'
import type { Lookups } from './lookups.ts'
import { sizeOf } from './predicates.ts'

export interface SearchOptions {
  /** Unknown parameters are refused; else they are passed over with a warning. */
  strict: boolean
  defaultCount: number
  maxCount: number
  base?: string
  now?: number
  /** For what value sets and hierarchies of codes are asked: without both, :in and :below on codes are refused. */
  context?: Context
  terminology?: Terminology
  /** For dates that name none; UTC where it is absent. */
  zone?: Zone
  /** The tenant's own search parameters. */
  parameters?: OwnParameters
  /** A write depends on what is found: nothing may be left out. */
  exact?: boolean
  /** Only what is in it is found. */
  compartment?: Compartment
}

/** Where a parameter is read: of which type, and how far from the resources that are searched. */
export interface Scope {
  /** `Resource`: any, so that only the parameters of every resource can be used. */
  type: string
  /** Links of chains and `_has` that lead here. */
  depth: number
  /** One of several types that the search is on. */
  several?: boolean
  options: SearchOptions
  lookups: Lookups
  budget: Budget
}

/** Values of one search, over all of its parameters, and for each type that a chain may lead to. */
const mostValues = 5000
/** Of one value: what a store looks for text by takes no more for sure, in any script. */
const mostCharacters = 10_000
/** What a store makes of a search takes time in which nothing can stop it. */
const mostConditions = 1100

export interface Budget {
  /** Counts values to be looked for; refuses a search that has too many, or one that is too long. */
  spend(values: readonly string[], name: string): void
  /** Counts what has been read, where many values may have become one condition. */
  take(predicate: Predicate): void
  /** A chain is too long to be followed through contained resources. */
  leaveWithin(): void
  /** Whether there was one. */
  readonly isWithinLeft: boolean
}

export function createBudget(): Budget {
  let spent = 0
  let taken = 0
  let isWithinLeft = false
  return {
    leaveWithin() {
      isWithinLeft = true
    },
    get isWithinLeft() {
      return isWithinLeft
    },
    take(predicate) {
      taken += sizeOf(predicate)
      if (taken > mostConditions)
        throw tooCostly(
          `a search takes ${mostConditions} conditions at most, of which a list of ids, codes or references is one: send it in parts`,
        )
    },
    spend(values, name) {
      if (values.some(({ length }) => length > mostCharacters))
        throw tooCostly(
          `${name}: a value that is looked for has ${mostCharacters} characters at most`,
        )
      spent += values.length
      if (spent > mostValues)
        throw tooCostly(
          `a search takes ${mostValues} values at most, for each type that a chain may lead to: send it in parts, or name the types as in subject:Patient.name`,
        )
    },
  }
}

/** So many links one after the other a statement of a store takes for sure. */
const farthest = 32

/** The other end of a link. */
export function beyond(scope: Scope, type: string): Scope {
  const most = scope.options.exact ? mostLinks : farthest
  if (scope.depth >= most) throw tooCostly(`a chain takes ${most} links at most: search in steps`)
  return { ...scope, type, depth: scope.depth + 1 }
}

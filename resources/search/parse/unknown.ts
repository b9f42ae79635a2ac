/** Parameters that cannot be searched by. https://hl7.org/fhir/R4/search.html#errors */
import { type SearchParameterFacts, searchParameters } from '../../definitions.ts'
import { FhirError, issue } from '../../error.ts'
import { type OwnParameters, searchableParameters } from '../../search.ts'
import { nearest, shown } from '../nearest.ts'
import type { Scope } from './scope.ts'

interface Around {
  own: OwnParameters | undefined
  /** The type is one of several that the search is on. */
  several?: boolean | undefined
}

/** A lenient search passes it over. */
export class UnknownParameter extends FhirError {
  /** None of the types has it. */
  constructor(code: string, types: readonly string[], { own, several }: Around) {
    const there = types.some(type => searchParameters(type).some(each => each.code === code))
    if (there) super(422, [issue('not-supported', `${code} is not searchable here yet`)])
    else super(400, [issue('invalid', notOf(code, types, { own, several }))])
    this.name = 'UnknownParameter'
  }
}

/** The facts of a parameter that the type has. */
export function factsOf(
  code: string,
  { type, depth, several, options }: Scope,
): SearchParameterFacts {
  const refusal = options.parameters?.refusal(type, code)
  if (refusal) throw refusal
  const facts = searchableParameters(type, options.parameters).get(code)
  if (!facts)
    throw new UnknownParameter(code, [type], {
      own: options.parameters,
      several: several && depth === 0,
    })
  return facts
}

/** Whether what a link leads to does not have such a parameter: so that looking for who has it costs no error. */
export const lacks = (code: string, { type, options }: Scope): boolean =>
  !searchableParameters(type, options.parameters).has(code) &&
  !ofAll.includes(code) &&
  !options.parameters?.refusal(type, code)

function notOf(code: string, types: readonly string[], { own, several }: Around): string {
  if (code === '') return 'a parameter has no name: give one before the ='
  const known = new Set([
    ...ofAll,
    ...types.flatMap(type => [...searchableParameters(type, own).keys()]),
  ])
  known.delete(code)
  const what = `${shown(code, 'a parameter')} is not a search parameter of ${listed(types)}`
  const near = `near to it are ${nearest(code, known)}`
  return several
    ? `${what}; ${near}; on several types it must be one of each: choose them by _type`
    : `${what}; ${near}`
}

/** What all types have beside parameters of their elements. */
const ofAll = ['_text', '_content', '_list', '_has', '_type', '_filter', '_query']

/** Whether all resources have it by their nature, and not by an element. */
export const isOfAll = (code: string): boolean => ofAll.includes(code)

/** `A, B or C`, of many only the first few. */
function listed(types: readonly string[]): string {
  if (types.includes('Resource')) return 'all types: name types by _type'
  if (types.length > 6) return `${types.slice(0, 5).join(', ')} and ${types.length - 5} other types`
  const last = types.at(-1) ?? ''
  return types.length < 2 ? last : `${types.slice(0, -1).join(', ')} or ${last}`
}

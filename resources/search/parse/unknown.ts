/** Parameters that cannot be searched by. https://hl7.org/fhir/R4/search.html#errors */
import { type SearchParameterFacts, searchParameters } from '../../definitions.ts'
import { FhirError, issue } from '../../error.ts'
import { type OwnParameters, searchableParameters } from '../../search.ts'
import { nearest, shown } from '../near.ts'
import type { Scope } from './scope.ts'

/** A lenient search passes it over. */
export class UnknownParameter extends FhirError {
  /** None of the types has it. */
  constructor(code: string, types: readonly string[], own: OwnParameters | undefined) {
    const there = types.some(type => searchParameters(type).some(each => each.code === code))
    if (there) super(422, [issue('not-supported', `${code} is not searchable here yet`)])
    else super(400, [issue('invalid', notOf(code, types, own))])
    this.name = 'UnknownParameter'
  }
}

/** The facts of a parameter that the type has. */
export function factsOf(code: string, { type, options }: Scope): SearchParameterFacts {
  const refusal = options.parameters?.refusal(type, code)
  if (refusal) throw refusal
  const facts = searchableParameters(type, options.parameters).get(code)
  if (!facts) throw new UnknownParameter(code, [type], options.parameters)
  return facts
}

/** Whether what a link leads to does not have such a parameter: so that looking for who has it costs no error. */
export const lacks = (code: string, { type, options }: Scope): boolean =>
  !searchableParameters(type, options.parameters).has(code) &&
  !ofAll.includes(code) &&
  !options.parameters?.refusal(type, code)

function notOf(code: string, types: readonly string[], own: OwnParameters | undefined): string {
  const known = new Set([
    ...ofAll,
    ...types.flatMap(type => [...searchableParameters(type, own).keys()]),
  ])
  known.delete(code)
  const what = `${shown(code, 'a parameter')} is not a search parameter of ${listed(types)}`
  return `${what}; near to it are ${nearest(code, known)}`
}

/** What all types have beside parameters of their elements. */
const ofAll = ['_text', '_content', '_list', '_has', '_type', '_filter', '_query']

/** `A, B or C`, of many only the first few. */
function listed(types: readonly string[]): string {
  if (types.length > 6) return `${types.slice(0, 5).join(', ')} and ${types.length - 5} other types`
  const last = types.at(-1) ?? ''
  return types.length < 2 ? last : `${types.slice(0, -1).join(', ')} or ${last}`
}

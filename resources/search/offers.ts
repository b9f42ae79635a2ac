/** What can be asked of a type, from the tables that read it: for the CapabilityStatement. */
import { resourceTypes, type SearchParameterFacts } from '../definitions.ts'
import { type OwnParameters, searchableParameters } from '../search.ts'
import { targetsOf } from './parse/chain.ts'
import { modifiersOf } from './parse/values.ts'

export interface Offer {
  code: string
  /** Of search parameter, as FHIR names them. */
  type: string
  /** The address of its SearchParameter; R4 publishes none for some of those that all types have. */
  definition?: string
  /** Beside the types of a reference, which can stand in the place of a modifier. */
  modifiers: string[]
  /** Of a reference: the types it may be followed to; `Resource` where it may be of any. */
  targets: string[]
}

const published = 'http://hl7.org/fhir/SearchParameter/'

/** What all types have beside parameters of their elements. */
const ofAll: Offer[] = [
  { code: '_text', type: 'string', definition: `${published}DomainResource-text` },
  { code: '_content', type: 'string', definition: `${published}Resource-content` },
  { code: '_filter', type: 'special', definition: `${published}filter` },
  { code: '_list', type: 'special' },
  { code: '_has', type: 'special' },
].map(offer => ({ modifiers: [], targets: [], ...offer }))

/** Of a type, or of all where it is absent. */
export function offersOf(type: string | undefined, own?: OwnParameters): Offer[] {
  const system: Offer[] = [{ code: '_type', type: 'special', modifiers: [], targets: [] }]
  return [
    ...[...searchableParameters(type ?? 'Resource', own).values()].map(offerOf),
    ...ofAll,
    ...(type ? [] : system),
  ]
}

function offerOf(facts: SearchParameterFacts): Offer {
  const targets = facts.type === 'reference' ? targetsOf(facts, undefined) : []
  return {
    code: facts.code,
    type: facts.type,
    definition: facts.url ?? published + facts.id,
    modifiers: modifiersOf(facts),
    // A Reference(Any) lists nearly all.
    targets: targets.length > resourceTypes().size / 2 ? ['Resource'] : [...targets],
  }
}

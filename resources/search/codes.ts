/** Codes by what the terminology knows of them. https://hl7.org/fhir/R4/search.html#modifiers */
import { invalid } from '../error.ts'
import { unescaped } from './escape.ts'
import { anyOf } from './prefix.ts'
import type { Predicate, Token } from './query.ts'
import type { Asked } from './type.ts'

/** `:in`: by URL, `urn:oid:…` or `ValueSet/id`. */
export function readValueSet(value: string, { param, name, find }: Asked): Predicate {
  const valueSet = unescaped(value)
  if (valueSet === '') throw invalid(`${name} takes the address of a value set`)
  return anyOf(
    find({ ask: 'expand', valueSet }, name).map(({ system, codes }) =>
      codes === 'all' ? { kind: 'token', param, system } : { kind: 'codes', param, system, codes },
    ),
  )
}

/** `:below` and `:above`: a code and what it subsumes, or what subsumes it. */
export function readHierarchy(
  ask: 'below' | 'above',
  { system, code }: Token,
  { param, name, find }: Asked,
): Predicate {
  if (!system || code === undefined)
    throw invalid(`${name} takes system|code: only a system tells which codes are ${ask} a code`)
  return anyOf(
    find({ ask, system, code }, name).map(({ codes }) =>
      codes === 'all' ? { kind: 'token', param, system } : { kind: 'codes', param, system, codes },
    ),
  )
}

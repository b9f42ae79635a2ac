/** https://hl7.org/fhir/R4/search.html#token */
import { invalid } from '../error.ts'
import type { Found } from '../fhirpath.ts'
import { decimalText, isDecimal } from '../json.ts'
import { isObject } from '../resource.ts'
import type { Row } from '../store.ts'
import { readHierarchy, readValueSet } from './codes.ts'
import { splitEscaped, unescaped } from './escape.ts'
import { readLabel } from './label.ts'
import type { Predicate } from './query.ts'
import type { Asked, SearchType } from './type.ts'

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Every code a value stands for, with its system: a code has none of its own, the binding of its element implies it. */
export function tokensOf({
  value,
  system: implied = '',
}: Found): { code: string; system: string }[] {
  if (typeof value === 'string' && value) return [{ code: value, system: implied }]
  if (typeof value === 'boolean') return [{ code: String(value), system: '' }]
  if (isDecimal(value)) return [{ code: decimalText(value), system: '' }]
  if (!isObject(value)) return []
  if (Array.isArray(value.coding))
    return value.coding.flatMap(coding => tokensOf({ value: coding }))
  // An Identifier and a ContactPoint have a value; the system of a ContactPoint (phone, email) tells them apart.
  const code = text(value.code) || text(value.value)
  const system = text(value.system)
  // A system alone is found by `system|`; no search asks for an empty code.
  return code || system ? [{ code, system }] : []
}

export const token: SearchType = {
  extractor:
    ({ code: param }) =>
    found =>
      found.flatMap(one =>
        tokensOf(one).map(({ code, system }): Row => ({ kind: 'token', param, code, system })),
      ),
  modifiers: {
    '': (value, { param, name }) => ({ kind: 'token', param, ...readToken(value, name) }),
    text: readLabel,
    in: readValueSet,
    below: (value, asked) => readHierarchy('below', readToken(value, asked.name), asked),
    above: (value, asked) => readHierarchy('above', readToken(value, asked.name), asked),
    'of-type': readOfType,
  },
  known: ['missing', 'text', 'not', 'above', 'below', 'in', 'not-in', 'of-type'],
}

/** `system|code|value`: an identifier whose type has that code. */
function readOfType(value: string, { param, name }: Asked): Predicate {
  const [system, type, code, ...more] = splitEscaped(value, '|').map(unescaped)
  if (!system || !type || !code || more.length)
    throw invalid(`${name} takes system|code|value: the type of an identifier and its value`)
  return { kind: 'token', param: `${param}:of-type`, first: { system, code: type }, code }
}

/** `code`, `system|code`, `|code` (no system) or `system|` (any code of it). */
export function readToken(value: string, name: string): { code?: string; system?: string } {
  const parts = splitEscaped(value, '|').map(unescaped)
  if (parts.length > 2)
    throw invalid(`${name} takes [system]|[code]: escape a | in the code as \\|`)
  const [first = '', second] = parts
  if (second === undefined) {
    if (first === '') throw invalid(`${name} is empty: give a code, or leave the parameter out`)
    return { code: first }
  }
  if (first === '' && second === '') throw invalid(`${name} needs a system or a code beside the |`)
  return second === '' ? { system: first } : { system: first, code: second }
}

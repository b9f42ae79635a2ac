/** https://hl7.org/fhir/R4/search.html#token */
import { type SearchParameterFacts, searchParameters } from '../definitions.ts'
import { invalid } from '../error.ts'
import { compilePath } from '../fhirpath.ts'
import { decimalText, isDecimal } from '../json.ts'
import { isObject } from '../resource.ts'
import { readHierarchy, readValueSet } from './codes.ts'
import { datatypesAt } from './datatypes.ts'
import { splitEscaped, unescaped } from './escape.ts'
import { firstText } from './first.ts'
import { addLabel, readLabel } from './label.ts'
import { anyOf } from './prefix.ts'
import type { Predicate } from './query.ts'
import type { Asked, Nature, SearchType } from './type.ts'

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Calls for each code a value stands for: a code has no system of its own, the binding of its element implies it. */
export function eachToken(
  value: unknown,
  { system, datatype }: Nature,
  add: (code: string, system: string) => void,
): void {
  if (typeof value === 'string') {
    // Of a string only, not of a code, the case does not matter.
    if (value) add(datatype === 'string' ? value.toLowerCase() : value, system)
  } else if (typeof value === 'boolean') add(value ? 'true' : 'false', '')
  else if (isDecimal(value)) add(decimalText(value), '')
  else if (isObject(value)) {
    if (Array.isArray(value.coding)) for (const coding of value.coding) eachCoded(coding, add)
    else eachCoded(value, add)
  }
}

/** A Coding has a code; an Identifier and a ContactPoint have a value, whose system (phone, email) tells them apart. */
function eachCoded(value: unknown, add: (code: string, system: string) => void): void {
  if (!isObject(value)) return
  const code = text(value.code) || text(value.value)
  const system = text(value.system)
  // A system alone is found by `system|`; no search asks for an empty code.
  if (code || system) add(code, system)
}

/** Where the values of an Identifier stand, with its type as `first`. */
export const typedRows = (param: string): string => `${param}:of-type`

/** Where mime types stand without what follows them: `text/xml; charset=UTF-8`. */
const mimeRows = (param: string): string => `${param}:below`

/** Whatever is called on them, such as `where` and `first`. */
const isMime = ({ expression }: SearchParameterFacts): boolean =>
  /\.contentType(?:\.[a-z]+\((?:[^()]|\([^()]*\))*\))*$/i.test(expression)

const mimeOf = (code: string): string => (code.split(';')[0] ?? '').trim().toLowerCase()

/** https://hl7.org/fhir/R4/search.html#mimetype */
function readMime(value: string, { param, name }: Asked): Predicate {
  const { code, ...system } = readToken(value, name)
  if (code === undefined) throw invalid(`${name} takes a mime type such as text/xml`)
  return { kind: 'token', param: mimeRows(param), code: mimeOf(code), ...system }
}

export const token: SearchType = {
  collector({ param, facts }) {
    const typed = typedRows(param)
    const mime = isMime(facts)
    return (value, rows, nature) => {
      eachToken(value, nature, (code, system) => {
        rows.add({ kind: 'token', param, code, system })
        if (mime) rows.add({ kind: 'token', param: mimeRows(param), code: mimeOf(code), system })
      })
      if (typeof value !== 'object' || value === null) return
      const { coding, text: said, display, type, value: own } = value as Record<string, unknown>
      addLabel(said, param, rows)
      addLabel(display, param, rows)
      if (Array.isArray(coding))
        for (const one of coding)
          if (isObject(one) && one.display !== said) addLabel(one.display, param, rows)
      if (!isObject(type)) return
      addLabel(type.text, param, rows)
      if (typeof own === 'string')
        eachToken(type, nature, (code, system) =>
          rows.add({
            kind: 'token',
            param: typed,
            first: firstText(system, code),
            code: own,
            system: text((value as Record<string, unknown>).system),
          }),
        )
    }
  },
  modifiers: {
    '': readCode,
    text: readLabel,
    in: readValueSet,
    below: (value, asked) =>
      isMime(asked.facts)
        ? readMime(value, asked)
        : readHierarchy('below', readToken(value, asked.name), asked),
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
  return { kind: 'token', param: typedRows(param), first: { system, code: type }, code }
}

function readCode(value: string, { param, name, facts, type }: Asked): Predicate {
  const token = readToken(value, name)
  const small = token.code?.toLowerCase()
  if (small === undefined || small === token.code || !isText(facts, type))
    return { kind: 'token', param, ...token }
  return anyOf([token, { ...token, code: small }].map(each => ({ kind: 'token', param, ...each })))
}

/** Whether values of the parameter are strings, of which the case does not matter. */
const isText = ({ expression }: SearchParameterFacts, type: string): boolean =>
  compilePath(expression, type)?.ways?.some(({ steps }) =>
    datatypesAt(steps, type).includes('string'),
  ) === true

/** Whether all that is there of the parameter has a code: a concept may be a text alone. */
export function isAlwaysCoded(type: string, param: string): boolean {
  const facts = searchParameters(type).find(({ code }) => code === param)
  const ways = facts && compilePath(facts.expression, type)?.ways
  return (
    ways?.every(({ steps }) =>
      datatypesAt(steps, type).every(datatype => datatype === 'code' || datatype === 'boolean'),
    ) === true
  )
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

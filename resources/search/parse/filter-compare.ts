/** The operators of a `_filter` on one parameter. https://hl7.org/fhir/R4/search_filter.html#ops */
import type { SearchParameterFacts } from '../../definitions.ts'
import { invalid, unsupported } from '../../error.ts'
import { compilePath } from '../../fhirpath.ts'
import { datatypesAt } from '../datatypes.ts'
import { unescaped } from '../escape.ts'
import { fold } from '../fold.ts'
import type { Comparable, Predicate, StringMatch } from '../query.ts'
import { eitherOf, isOnce } from './predicates.ts'
import type { Scope } from './scope.ts'
import { readValues } from './values.ts'

const operators = [
  ...['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'lt', 'ge', 'le', 'ap', 'sa', 'eb', 'pr', 'po'],
  ...['ss', 'sb', 'in', 'ni', 're'],
]

interface Compared {
  facts: SearchParameterFacts
  value: string
  scope: Scope
}

type Operator = (compared: Compared) => Predicate

/** Names that stand for the systems of codes. */
const systems: Readonly<Record<string, string>> = {
  loinc: 'http://loinc.org',
  rxnorm: 'http://www.nlm.nih.gov/research/umls/rxnorm',
  snomed: 'http://snomed.info/sct',
  ucum: 'http://unitsofmeasure.org',
}

/** Of a token before its code, of a quantity before its unit. */
const withSystem = (value: string, type: string): string => {
  const name = type === 'quantity' ? /(?<=\|)[a-z]+(?=\|)/ : /^[a-z]+(?=\|)/
  return ['token', 'quantity'].includes(type)
    ? value.replace(name, found => (Object.hasOwn(systems, found) ? (systems[found] ?? '') : found))
    : value
}

/** With a modifier of a search. */
const modified =
  (modifier: string): Operator =>
  ({ facts, value, scope }) =>
    readValues(
      withSystem(value, facts.type),
      { name: `_filter: ${facts.code}`, modifier, facts },
      scope,
    )

/** With a prefix of a search. */
const prefixed =
  (prefix: string): Operator =>
  ({ value, ...rest }) =>
    modified('')({ ...rest, value: prefix + value })

const text =
  (match: StringMatch): Operator =>
  ({ facts, value, scope }) => {
    scope.budget.spend([value], `_filter: ${facts.code}`)
    const text = fold(unescaped(value))
    if (text === '') throw invalid(`_filter: ${facts.code} is compared with an empty text`)
    return { kind: 'string', param: facts.rows ?? facts.code, text, match }
  }

const present: Operator = ({ facts, scope }) =>
  modified('missing')({ facts, scope, value: 'false' })

/**
 * It has a value that is not equal. What a value has several rows of (the codings of a concept, the parts of a name) does
 * not tell which are of one: then it has a value, and none is equal.
 */
const unequal =
  (equal: Operator): Operator =>
  compared => {
    const than = equal(compared)
    const isListed = isComparable(than) && isOwn(than, compared) && hasSeveral(compared)
    // Each text has a row. A reference may be one to nothing that is known.
    if (isListed && than.kind === 'string') return { kind: 'other', than }
    const none: Predicate = { kind: 'and', all: [present(compared), { kind: 'not', not: than }] }
    return isListed ? eitherOf([none, { kind: 'other', than }]) : none
  }

const isComparable = (predicate: Predicate): predicate is Comparable =>
  ['token', 'string', 'reference', 'uri'].includes(predicate.kind)

/** The rows of another parameter are those of more values. */
const isOwn = ({ param }: Comparable, { facts: { code, rows } }: Compared): boolean =>
  param === (rows ?? code)

/** A value of one of these has one row at most. */
const plainTypes: ReadonlySet<string> = new Set([
  ...['string', 'markdown', 'code', 'id', 'boolean', 'uri', 'url', 'oid', 'uuid'],
  ...['Coding', 'Identifier', 'ContactPoint', 'Reference'],
])

/** Whether there may be several values of the parameter, each of which is one row. */
function hasSeveral({ facts, scope: { type } }: Compared): boolean {
  if (isOnce(type, facts.code)) return false
  const ways = compilePath(facts.expression, type)?.ways ?? []
  const types = ways.flatMap(({ steps }) => datatypesAt(steps, type))
  return types.length > 0 && types.every(each => plainTypes.has(each))
}

/** The periods have a time in common: neither is before the other. */
const overlaps: Operator = ({ value, facts, scope }) => {
  const after = prefixed('ge')({ value, facts, scope })
  const before = prefixed('le')({ value, facts, scope })
  if (after.kind === 'date' && before.kind === 'date') return { ...after, ...before }
  return { kind: 'and', all: [after, before] }
}

/** In a text a $ means itself; in the value of a composite it stands between the parts. */
const parts: Operator = ({ value, ...rest }) =>
  modified('')({
    ...rest,
    value: value.replace(/\\(.)/gs, (whole, meant) => (meant === '$' ? meant : whole)),
  })

const prefixes = Object.fromEntries(
  ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'ap', 'sa', 'eb'].map(prefix => [prefix, prefixed(prefix)]),
)
const plain = { eq: modified(''), ne: unequal(modified('')) }

/** By type of parameter. `pr` is there for all. */
const byType: Readonly<Record<string, Readonly<Record<string, Operator>>>> = {
  number: prefixes,
  quantity: prefixes,
  date: { ...prefixes, po: overlaps },
  string: {
    eq: text('equals'),
    ne: unequal(text('equals')),
    co: text('contains'),
    sw: text('starts'),
    ew: text('ends'),
  },
  token: {
    ...plain,
    in: modified('in'),
    ni: modified('not-in'),
    ss: modified('below'),
    sb: modified('above'),
  },
  reference: { ...plain, re: modified('') },
  uri: { ...plain, re: modified('') },
  composite: { eq: parts },
  special: plain,
}

export function compare(
  facts: SearchParameterFacts,
  { operator, value }: { operator: string; value: string },
  scope: Scope,
): Predicate {
  const { type, code } = facts
  const able = byType[type] ?? {}
  const run =
    operator === 'pr' ? present : Object.hasOwn(able, operator) ? able[operator] : undefined
  if (run) return run({ facts, value, scope })
  const all = [...Object.keys(able), 'pr'].join(', ')
  if (operators.includes(operator))
    throw unsupported(
      `_filter: ${operator} does not work on ${code}, a ${type}, which takes ${all}`,
    )
  throw invalid(`_filter: the operators on ${code}, a ${type}, are ${all}`)
}

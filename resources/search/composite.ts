/**
 * https://hl7.org/fhir/R4/search.html#composite. All parts of a composite stand in one row, so that they come from one
 * element: a part that is only ever equal (a token, a uri, a reference) is `first`, and two numbers are the two ends of a
 * range.
 */
import { type SearchParameterFacts, searchParameters } from '../definitions.ts'
import { invalid, unsupported } from '../error.ts'
import type { Row } from '../store.ts'
import { splitEscaped } from './escape.ts'
import { firstText } from './first.ts'
import { anyOf } from './prefix.ts'
import { boundsOn } from './quantity.ts'
import type { Bounds, Predicate, Token } from './query.ts'
import { readTargets } from './reference.ts'
import { Rows } from './rows.ts'
import { simpleTypes } from './simple-types.ts'
import { eachToken, readToken } from './token.ts'
import type { Asked, Collect, Making, Nature, SearchType } from './type.ts'
import { compileVisit, type Visit } from './visit.ts'
import { elementOf, systemIn } from './within.ts'

interface Part {
  facts: SearchParameterFacts
  expression: string
  /** Its place in the value that is asked for. */
  index: number
}

interface Parts {
  first?: Part
  /** One of any type, or two numbers. */
  others: Part[]
}

const equal = ['token', 'uri', 'reference']

/** Absent where one row cannot hold the parts. */
function partsOf({ components = [] }: SearchParameterFacts, type: string): Parts | undefined {
  const parts: Part[] = []
  for (const [index, { code, expression }] of components.entries()) {
    const facts = searchParameters(type).find(each => each.code === code)
    if (!facts || facts.type === 'composite' || facts.type === 'special') return undefined
    parts.push({ facts, expression, index })
  }
  const areNumbers = (some: Part[]) =>
    some.length === 2 && some.every(({ facts }) => facts.type === 'number')
  if (areNumbers(parts)) return { others: parts }
  const first = equal.map(kind => parts.find(({ facts }) => facts.type === kind)).find(Boolean)
  const others = parts.filter(part => part !== first)
  return first && (others.length === 1 || areNumbers(others)) ? { first, others } : undefined
}

/** Where the values of a part are looked for: in the element, or in the whole resource. */
function visitOf({ expression }: Part, { type, facts }: Making): Visit | undefined {
  const whole = /^%resource\.(.*)$/.exec(expression)?.[1]
  const visit =
    whole === undefined
      ? compileVisit(expression, type, elementOf(facts.expression, type))
      : compileVisit(`${type}.${whole}`, type)
  const system = whole === undefined ? systemIn(`${facts.expression}.${expression}`, type) : ''
  return visit && system
    ? (value, found) => visit(value, (one, of) => found(one, of, system))
    : visit
}

const isWhole = ({ expression }: Part): boolean => expression.startsWith('%resource.')

const nature: Nature = { system: '', datatype: '' }

/** The values of a part, as `first` has them. */
function firstsOf(
  part: Part,
  making: Making,
): ((element: unknown, rows: Rows) => string[]) | undefined {
  const visit = visitOf(part, making)
  const collect = simpleTypes[part.facts.type]?.collector({ ...making, ...part })
  if (!visit || !collect) return undefined
  return (element, { resource }) => {
    const firsts: string[] = []
    visit(isWhole(part) ? resource : element, (value, _, system) => {
      if (part.facts.type === 'token')
        eachToken(value, { ...nature, system }, (code, of) => firsts.push(firstText(of, code)))
      else {
        const inner = new Rows(resource)
        collect(value, inner, nature)
        for (const row of inner.all)
          if (row.kind === 'reference') firsts.push(`|${row.target}`)
          else if (row.kind === 'uri') firsts.push(`|${row.uri}`)
      }
    })
    return firsts
  }
}

const none: Row[] = []

/** The rows of the other parts, without `first`. */
function othersOf(
  parts: Part[],
  making: Making,
): ((element: unknown, rows: Rows) => Row[]) | undefined {
  const made = parts.map(part => {
    const visit = visitOf(part, making)
    // All rows of a composite stand under its own name.
    const collect = simpleTypes[part.facts.type]?.collector({ ...making, facts: part.facts })
    if (!visit || !collect) return undefined
    return (element: unknown, { resource }: Rows): Row[] => {
      let inner: Rows | undefined
      visit(isWhole(part) ? resource : element, (value, _, system) => {
        inner ??= new Rows(resource)
        collect(value, inner, { ...nature, system })
      })
      return inner?.all.filter(({ kind, first }) => kind !== 'label' && first === undefined) ?? none
    }
  })
  const [one, two] = made
  if (!one || (parts.length === 2 && !two)) return undefined
  if (!two) return one
  return (element, rows) =>
    one(element, rows).flatMap(low => two(element, rows).flatMap(high => pair(low, high)))
}

/** Two points as the ends of one range. */
function pair(a: Row, b: Row): Row[] {
  return a.kind === 'quantity' && b.kind === 'quantity' ? [{ ...a, high: b.high }] : []
}

export const composite: SearchType = {
  collector(making): Collect | undefined {
    const parts = partsOf(making.facts, making.type)
    const others = parts && othersOf(parts.others, making)
    const firsts = parts?.first && firstsOf(parts.first, making)
    if (!others || (parts.first && !firsts)) return undefined
    return (element, rows) => {
      const found = others(element, rows)
      if (found.length === 0) return
      if (!firsts) for (const row of found) rows.add(row)
      else
        for (const first of firsts(element, rows))
          for (const row of found) rows.add({ ...row, first })
    }
  },
  modifiers: { '': readComposite },
  known: ['missing'],
}

function readComposite(value: string, asked: Asked): Predicate {
  const { facts, type, name } = asked
  const parts = partsOf(facts, type)
  if (!parts) throw unsupported(`${name} is not searchable here yet`)
  const values = splitEscaped(value, '$')
  const count = facts.components?.length ?? 0
  if (values.length !== count || values.includes(''))
    throw invalid(`${name} takes ${count} values with a $ between them`)
  const written = (part: Part): string => values[part.index] ?? ''
  const of = (part: Part): Asked => ({ ...asked, facts: part.facts })
  const [one, two] = parts.others
  if (!one) throw unsupported(`${name} is not searchable here yet`)
  const inner = two
    ? readPair([written(one), written(two)], of(one))
    : simpleTypes[one.facts.type]?.modifiers['']?.(written(one), of(one))
  if (!inner) throw unsupported(`${name} is not searchable here yet`)
  if (!parts.first) return inner
  const first = readFirsts(written(parts.first), of(parts.first))
  return anyOf(first.map(each => withFirst(inner, each)))
}

/** The bounds of the one on the lower end, those of the other on the upper. */
function readPair([low, high]: [string, string], asked: Asked): Predicate {
  const { param } = asked
  return anyOf(
    crossed(boundsOn(low, asked), boundsOn(high, asked)).map(bounds => ({
      kind: 'quantity' as const,
      param,
      ...bounds,
    })),
  )
}

/** Of points both ends are the same, so all bounds of one are bounds of either end. */
function crossed(lows: Bounds<string>[], highs: Bounds<string>[]): Bounds<string>[] {
  return lows.flatMap(low =>
    highs.map(high => {
      const [from, to] = [low.lowFrom ?? low.highFrom, low.highTo ?? low.lowTo]
      const [after, until] = [high.lowFrom ?? high.highFrom, high.highTo ?? high.lowTo]
      return {
        ...(from === undefined ? {} : { lowFrom: from }),
        ...(to === undefined ? {} : { lowTo: to }),
        ...(after === undefined ? {} : { highFrom: after }),
        ...(until === undefined ? {} : { highTo: until }),
      }
    }),
  )
}

function readFirsts(value: string, asked: Asked): Token[] {
  if (asked.facts.type === 'token') return [readToken(value, asked.name)]
  if (asked.facts.type === 'reference')
    return readTargets(value, asked).map(code => ({ system: '', code }))
  const uri = simpleTypes.uri?.modifiers['']?.(value, asked)
  return uri?.kind === 'uri' ? [{ system: '', code: uri.uri }] : []
}

function withFirst(predicate: Predicate, first: Token): Predicate {
  if (predicate.kind === 'or')
    return { kind: 'or', any: predicate.any.map(each => withFirst(each, first)) }
  return { ...predicate, first } as Predicate
}

/**
 * https://hl7.org/fhir/R4/search.html#composite. The token of a composite becomes `first` of the other part's row, so that
 * both halves come from one element.
 */
import { type SearchParameterFacts, searchParameters } from '../definitions.ts'
import { invalid, unsupported } from '../error.ts'
import { compilePath, type Found } from '../fhirpath.ts'
import { isObject } from '../resource.ts'
import type { Row } from '../store.ts'
import { splitEscaped } from './escape.ts'
import type { Predicate, Token } from './query.ts'
import { simpleTypes } from './simple-types.ts'
import { readToken, tokensOf } from './token.ts'
import type { SearchType } from './type.ts'

interface Parts {
  token: { expression: string; index: number }
  other: { expression: string; index: number; facts: SearchParameterFacts }
}

/** Two parts of which one is a token: what R4's composites of clinical use are. */
function partsOf(facts: SearchParameterFacts, type: string): Parts | undefined {
  const components = facts.components ?? []
  if (components.length !== 2) return undefined
  const typed = components.map(({ code, expression }, index) => ({
    expression,
    index,
    facts: searchParameters(type).find(each => each.code === code),
  }))
  const first = typed.find(({ facts: part }) => part?.type === 'token')
  const second = typed.find(part => part !== first)
  if (!first || !second?.facts) return undefined
  if (second.facts.type === 'reference' || second.facts.type === 'composite') return undefined
  return { token: first, other: { ...second, facts: second.facts } }
}

export const composite: SearchType = {
  extractor(facts, type) {
    const parts = partsOf(facts, type)
    const token = parts && compilePath(`${type}.${parts.token.expression}`, type)
    const other = parts && compilePath(`${type}.${parts.other.expression}`, type)
    const rowsOf = parts && simpleTypes[parts.other.facts.type]?.extractor(parts.other.facts, type)
    if (!parts || !token || !other || !rowsOf) return undefined
    return found =>
      found.flatMap(({ value }) => {
        if (!isObject(value)) return []
        const firsts = token(value).flatMap(tokensOf)
        const rows = firsts.length ? rowsOf(other(value) as Found[], value) : []
        return firsts.flatMap(({ system, code }) =>
          rows.map((row): Row => ({ ...row, param: facts.code, first: `${system}|${code}` })),
        )
      })
  },
  modifiers: {
    '': (value, asked) => {
      const parts = partsOf(asked.facts, asked.type)
      if (!parts) throw unsupported(`${asked.name} is not searchable here yet`)
      const values = splitEscaped(value, '$')
      const [token, other] = [values[parts.token.index], values[parts.other.index]]
      if (values.length !== 2 || !token || !other)
        throw invalid(`${asked.name} takes two values with a $ between them`)
      const { system, code } = readToken(token, asked.name)
      if (system === undefined || code === undefined)
        throw unsupported(`${asked.name} takes system|code as its token here`)
      const read = simpleTypes[parts.other.facts.type]?.modifiers['']
      if (!read) throw unsupported(`${asked.name} is not searchable here yet`)
      return withFirst(read(other, asked), { system, code })
    },
  },
  known: ['missing'],
}

function withFirst(predicate: Predicate, first: Token): Predicate {
  if (predicate.kind === 'or')
    return { kind: 'or', any: predicate.any.map(each => withFirst(each, first)) }
  return { ...predicate, first } as Predicate
}

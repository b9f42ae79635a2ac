/**
 * Full text: words, phrases in quotes, AND, OR, NOT and parentheses. Words beside each other must all be there.
 * https://hl7.org/fhir/R4/search.html#content
 */
import { invalid, tooCostly } from '../../error.ts'
import { unescaped } from '../escape.ts'
import { foldWords } from '../fold.ts'
import type { Predicate } from '../query.ts'
import { allOf, eitherOf } from './predicates.ts'
import type { Budget } from './scope.ts'

/** Parentheses within each other. */
const deepest = 16

interface Reading {
  name: '_text' | '_content'
  budget: Budget
  tokens: Token[]
  at: number
}

type Token = { is: 'and' | 'or' | 'not' | '(' | ')' | 'end' } | { is: 'words'; text: string }

export function readWords(value: string, name: '_text' | '_content', budget: Budget): Predicate {
  const reading: Reading = { name, budget, tokens: tokensOf(value, name), at: 0 }
  const predicate = either(reading, 0)
  if (peek(reading).is !== 'end') throw unclear(name)
  return predicate
}

function wordsOf(text: string, { name, budget }: Reading): Predicate {
  budget.spend([text], name)
  const words = foldWords(text).split(' ').filter(Boolean)
  if (words.length === 0) throw invalid(`${name} takes words, which have letters or digits`)
  return { kind: 'words', in: name === '_text' ? 'narrative' : 'content', words }
}

const peek = ({ tokens, at }: Reading): Token => tokens[at] ?? { is: 'end' }

function take(reading: Reading, is: Token['is']): boolean {
  if (peek(reading).is !== is) return false
  reading.at++
  return true
}

function either(reading: Reading, depth: number): Predicate {
  const any = [both(reading, depth)]
  while (take(reading, 'or')) any.push(both(reading, depth))
  return eitherOf(any)
}

function both(reading: Reading, depth: number): Predicate {
  const all = [single(reading, depth)]
  while (take(reading, 'and') || ['words', '(', 'not'].includes(peek(reading).is))
    all.push(single(reading, depth))
  return allOf(all)
}

function single(reading: Reading, depth: number): Predicate {
  if (depth > deepest)
    throw tooCostly(`${reading.name} takes parentheses ${deepest} deep at most: write it flatter`)
  const token = peek(reading)
  reading.at++
  if (token.is === 'words') return wordsOf(token.text, reading)
  if (token.is === 'not') return { kind: 'not', not: single(reading, depth + 1) }
  if (token.is !== '(') throw unclear(reading.name)
  const inner = either(reading, depth + 1)
  if (!take(reading, ')')) throw unclear(reading.name)
  return inner
}

const unclear = (name: string) =>
  invalid(
    `${name} takes words, phrases in double quotes, AND, OR, NOT and parentheses: one of them is missing or left over`,
  )

const operators = new Map([
  ['AND', 'and'],
  ['and', 'and'],
  ['OR', 'or'],
  ['or', 'or'],
  ['NOT', 'not'],
] as const)

function tokensOf(value: string, name: string): Token[] {
  const tokens: Token[] = []
  const form = /\s*(?:([(),])|"((?:\\.|[^"\\])*)("?)|((?:\\.|[^\s()",\\])+|\\))/gsy
  for (const [, mark, phrase, closed, word] of value.trimEnd().matchAll(form)) {
    if (mark === '(' || mark === ')') tokens.push({ is: mark })
    // As between the values of any parameter.
    else if (mark === ',') tokens.push({ is: 'or' })
    else if (phrase !== undefined) {
      if (!closed) throw invalid(`${name} has a quote that is not closed`)
      tokens.push({ is: 'words', text: unescaped(phrase) })
    } else if (word !== undefined) {
      const operator = operators.get(word as 'AND')
      tokens.push(operator ? { is: operator } : { is: 'words', text: unescaped(word) })
    }
  }
  return tokens
}

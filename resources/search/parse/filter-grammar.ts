/** What a `_filter` says, as a tree. https://hl7.org/fhir/R4/search_filter.html#grammar */
import { invalid, tooCostly } from '../../error.ts'

export type Filter =
  | { is: 'and' | 'or'; all: Filter[] }
  | { is: 'not'; filter: Filter }
  | { is: 'test'; path: Step[]; operator: string; value: string }

/** `subject`, `subject:Patient`, `subject[name eq "x"]`. */
export interface Step {
  code: string
  target?: string
  where?: Filter
}

interface Token {
  is: 'word' | 'text' | '(' | ')' | '[' | ']' | 'end'
  /** Of a word and a text: with the escapes of search values, so that a comma or a dollar sign means itself. */
  text: string
  /** Where it begins, from 1. */
  at: number
}

/** Parentheses and brackets within each other. */
const deepest = 16

export function parseFilter(text: string): Filter {
  const tokens = createTokens(text)
  const filter = logical(tokens, 0)
  const rest = tokens.peek()
  if (rest.is !== 'end') throw unclear(rest, 'and, or, or the end')
  return filter
}

type Tokens = ReturnType<typeof createTokens>

/** From left to right: neither `and` nor `or` binds more. */
function logical(tokens: Tokens, depth: number): Filter {
  let left = single(tokens, depth)
  for (;;) {
    const is = tokens.takeWord('and') ? 'and' : tokens.takeWord('or') ? 'or' : undefined
    if (!is) return left
    const right = single(tokens, depth)
    if (left.is === is) left.all.push(right)
    else left = { is, all: [left, right] }
  }
}

function single(tokens: Tokens, depth: number): Filter {
  if (depth > deepest)
    throw tooCostly(`_filter takes parentheses ${deepest} deep at most: write it flatter`)
  if (tokens.takeWord('not')) return { is: 'not', filter: single(tokens, depth + 1) }
  if (tokens.peek().is !== '(') return test(tokens, depth)
  tokens.next()
  const inner = logical(tokens, depth + 1)
  tokens.expect(')')
  return inner
}

function test(tokens: Tokens, depth: number): Filter {
  const path = pathOf(tokens, depth)
  const operator = tokens.next()
  if (operator.is !== 'word') throw unclear(operator, 'an operator such as eq')
  const value = tokens.next()
  if (value.is !== 'word' && value.is !== 'text') throw unclear(value, 'a value')
  return { is: 'test', path, operator: operator.text, value: value.text }
}

/** `subject:Patient.name` is one word; a filter in brackets ends it, and another may follow that begins with a dot. */
function pathOf(tokens: Tokens, depth: number): Step[] {
  const path = stepsOf(tokens)
  while (tokens.peek().is === '[') {
    tokens.next()
    const last = path.at(-1)
    const where = logical(tokens, depth + 1)
    tokens.expect(']')
    if (last) last.where = where
    const { is, text } = tokens.peek()
    if (is !== 'word' || !text.startsWith('.')) break
    path.push(...stepsOf(tokens))
  }
  return path
}

function stepsOf(tokens: Tokens): Step[] {
  const token = tokens.next()
  if (token.is !== 'word') throw unclear(token, 'a parameter')
  const names = token.text.replace(/^\./, '').split('.')
  return names.map(name => {
    const [, code = '', target] = /^([A-Za-z_][\w-]*)(?::([A-Za-z]+))?$/.exec(name) ?? []
    if (!code) throw unclear(token, 'a parameter')
    return { code, ...(target ? { target } : {}) }
  })
}

const unclear = ({ at }: Token, wanted: string) =>
  invalid(`_filter: at character ${at} there should be ${wanted}`)

function createTokens(text: string) {
  let at = 0
  let ahead: Token | undefined
  const read = (): Token => {
    while (at < text.length && /\s/.test(text.charAt(at))) at++
    const from = at
    const character = text.charAt(at)
    if (character === '') return { is: 'end', text: '', at: from + 1 }
    if (character === '"') return { is: 'text', text: quoted(), at: from + 1 }
    if (isBracket(character)) {
      at++
      return { is: character, text: character, at: from + 1 }
    }
    while (at < text.length && !/[\s()[\]"]/.test(text.charAt(at))) at++
    return { is: 'word', text: escaped(text.slice(from, at)), at: from + 1 }
  }
  const quoted = (): string => {
    const from = ++at
    for (; text.charAt(at) !== '"'; at++) {
      if (text.charAt(at) === '\\') at++
      if (at >= text.length) throw invalid(`_filter: the quote at character ${from} is not closed`)
    }
    return escaped(decoded(text.slice(from, at++)))
  }
  const peek = (): Token => {
    ahead ??= read()
    return ahead
  }
  const next = (): Token => {
    const token = peek()
    ahead = undefined
    return token
  }
  return {
    peek,
    next,
    expect(is: Token['is']): void {
      const token = next()
      if (token.is !== is) throw unclear(token, is)
    },
    takeWord(word: string): boolean {
      const { is, text } = peek()
      if (is !== 'word' || text !== word) return false
      next()
      return true
    },
  }
}

const isBracket = (character: string): character is '(' | ')' | '[' | ']' =>
  '()[]'.includes(character)

const controls: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

/** The escapes of JSON undone; those of search values, `\\` among them, stay. */
const decoded = (text: string): string =>
  text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (whole, code, character) => {
    if (code) {
      const meant = String.fromCharCode(Number.parseInt(code, 16))
      return meant === '\\' || meant === '|' ? `\\${meant}` : meant
    }
    if ('\\,|$'.includes(character)) return whole
    return controls[character] ?? character
  })

/** In a filter a comma and a dollar sign separate nothing. */
const escaped = (text: string): string =>
  text.replace(/\\[\\,|$]|[\\,$]/g, found => (found.length === 2 ? found : `\\${found}`))

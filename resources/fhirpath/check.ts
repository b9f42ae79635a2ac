/** What keeps an expression from being evaluated here, told before it is. */
import { elementNames, isTypeName } from '../definitions.ts'
import { nearest, shown } from '../search/nearest.ts'
import { constants, functions, refusals, resourceVariables } from './functions.ts'
import { type Ast, fhirpath, textOf } from './package.ts'
import { patternOf } from './patterns.ts'

/** Of the expression: R4's longest that is of one type has 700 characters. */
const mostCharacters = 2000
const mostBrackets = 30

/** The tree of an expression, or why there is none. */
export function parseExpression(expression: string): { tree: Ast } | { problem: string } {
  if (expression.length > mostCharacters)
    return { problem: `expression takes at most ${mostCharacters} characters here` }
  if (depthOf(expression) > mostBrackets)
    return { problem: `expression takes at most ${mostBrackets} brackets within each other here` }
  let tree: Ast
  try {
    tree = fhirpath().parse(expression)
  } catch {
    return { problem: 'expression is no FHIRPath' }
  }
  const problem = problemIn(tree)
  return problem === undefined ? { tree } : { problem: `expression ${problem}` }
}

function depthOf(expression: string): number {
  let depth = 0
  let most = 0
  for (const character of expression) {
    if ('([{'.includes(character)) depth++
    else if (')]}'.includes(character)) depth--
    most = Math.max(most, depth)
  }
  return most
}

function problemIn(node: Ast): string | undefined {
  const own = checks[node.type]?.(node)
  if (own !== undefined || isTyped(node)) return own
  for (const child of node.children ?? []) {
    const problem = problemIn(child)
    if (problem !== undefined) return problem
  }
  return undefined
}

const checks: Readonly<Record<string, (node: Ast) => string | undefined>> = {
  Functn: callProblem,
  MemberInvocation({ text = '' }) {
    const name = nameIn(text)
    if (/^[A-Z]/.test(name)) return typeProblem(name)
    if (elementNames().has(name)) return undefined
    return `asks for an element that no resource has: ${shown(name, 'a name')}; near to it are ${nearest(name, elementNames())}`
  },
  ExternalConstantTerm({ text, delimitedText = text ?? '' }) {
    const known = [...resourceVariables, ...Object.keys(constants)]
    return known.includes(delimitedText)
      ? undefined
      : `uses %${shown(delimitedText, 'a variable')}, which is not known here: what is are ${known.map(name => `%${name}`).join(', ')}`
  },
  TypeSpecifier: ({ text = '' }) => specifierProblem(text.replaceAll('`', '')),
  InstanceSelector: () => 'makes a value of its own, which no resource holds',
}

const specifierProblem = (text: string): string | undefined =>
  typeProblem(text.replace(/^(?:FHIR|System)\./, ''))

/** Those of System begin with a capital. */
const typeProblem = (name: string): string | undefined =>
  [name, name[0]?.toLowerCase() + name.slice(1)].some(isTypeName)
    ? undefined
    : `names a type that R4 does not have: ${shown(name, 'a name')}`

/** A name may stand in backquotes. */
export const nameIn = (text: string): string => text.replace(/^`(.*)`$/s, '$1')

function callProblem({ text = '', children = [] }: Ast): string | undefined {
  const name = nameIn(text)
  const given = children.find(({ type }) => type === 'ParamList')?.children ?? []
  const count = text === 'sort' ? 0 : given.length
  if (Object.hasOwn(refusals, name)) return `calls ${name}(), which ${refusals[name]}`
  const takes = Object.hasOwn(functions, name) ? functions[name] : undefined
  if (!takes)
    return `calls ${shown(name, 'a function')}(), which is not known here; near to it are ${nearest(name, Object.keys(functions))}`
  if (count < takes[0] || count > takes[1])
    return `gives ${name}() ${count} arguments, and it takes ${[...new Set(takes)].join(' or ')}`
  if (typed.has(name)) return specifierProblem(namesIn(given[0]).join('.'))
  return regular.has(name) ? patternProblem(name, literalOf(given[0])) : undefined
}

/** What they are given is a type, and read as a path of elements. */
const typed: ReadonlySet<string> = new Set(['ofType', 'as', 'is'])

const isTyped = ({ type, text = '' }: Ast): boolean => type === 'Functn' && typed.has(nameIn(text))

const namesIn = ({ type, text = '', children = [] }: Ast = { type: '' }): string[] =>
  type === 'Identifier' ? [nameIn(text)] : children.flatMap(namesIn)

const regular: ReadonlySet<string> = new Set(['matches', 'matchesFull', 'replaceMatches'])

function patternProblem(name: string, literal: string | undefined): string | undefined {
  if (literal === undefined) return `gives ${name}() a pattern that is no text in quotes`
  try {
    patternOf(textOf(literal))
    return undefined
  } catch {
    return `gives ${name}() a pattern that is none here: it takes those of RE2, which look around and go back nowhere`
  }
}

/** The literal that an argument is. */
function literalOf(node: Ast | undefined): string | undefined {
  if (node?.type === 'StringLiteral') return node.text
  const [only, ...others] = node?.children ?? []
  const isBare = node?.type === 'TermExpression' || node?.type === 'LiteralTerm'
  return isBare && others.length === 0 ? literalOf(only) : undefined
}

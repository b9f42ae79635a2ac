/**
 * An expression as the package is given it. What may take long is told to the meter first, by functions of ours that stand
 * before it; `as` is one that takes several values, because published expressions give it several. Other functions stand for
 * what the package does otherwise with what stands in a resource.
 */
import { nameIn } from './check.ts'
import type { Ast } from './package.ts'

/** What is told of the values that a function is called on. */
const inputs = marks(
  ['compared', 'distinct isDistinct intersect exclude subsetOf supersetOf repeat'],
  ['compared', 'sum min max avg'],
  ['walked', 'children descendants'],
  ['unit', 'toQuantity convertsToQuantity'],
)

/** And of those that it is given. */
const given = marks(
  ['compared', 'intersect exclude subsetOf supersetOf'],
  ['repeated', 'repeat'],
  ['short', 'contains indexOf lastIndexOf split replace'],
  ['unit', 'toQuantity'],
  ['truth', 'where exists all'],
)

const operands = marks(
  ['compared', 'EqualityExpression InequalityExpression'],
  ['compared', 'MembershipExpression AdditiveExpression'],
  ['factor', 'MultiplicativeExpression'],
)

/** By what stands for it. */
const others: ReadonlyMap<string, string> = new Map([
  ['as', 'ofType'],
  ['union', 'joined'],
  // The text of a dateTime is none of a date.
  ['toDate', 'toDateTime().toDate'],
])

function marks(...all: [mark: string, names: string][]): ReadonlyMap<string, string> {
  return new Map(all.flatMap(([mark, names]) => names.split(' ').map(name => [name, mark])))
}

export function rewrite(node: Ast): string {
  const { type, text = '', children = [] } = node
  const [first, second] = children.map(child => () => rewrite(child))
  switch (type) {
    case 'InvocationExpression':
      return children.map((child, at) => (at === 0 ? rewrite(child) : step(child))).join('')
    case 'FunctionInvocation':
      return call(node, '$this.')
    case 'ParenthesizedTerm':
      return `(${first?.()})`
    case 'IndexerExpression':
      return `${first?.()}[${second?.()}]`
    case 'PolarityExpression':
      return isNumber(children[0])
        ? `${text}${first?.()}`
        : `(${marked(first?.() ?? '', 'factor')} * ${text}1)`
    case 'UnionExpression':
      return `(${first?.()}).joined(${second?.()})`
    case 'TypeExpression':
      return text === 'as'
        ? `(${first?.()}).ofType(${second?.()})`
        : `${first?.()} is ${second?.()}`
    case 'ExternalConstantTerm':
      return `%${node.delimitedText ?? text}`
    case 'LiteralTerm':
      return children[0]?.type === 'QuantityLiteral' ? rewrite(children[0]) : text
    case 'QuantityLiteral':
      return `${node.value} ${node.unit}`
    case 'MemberInvocation':
    case 'TypeSpecifier':
      return text
    case 'ThisInvocation':
      return '$this'
    case 'IndexInvocation':
      return '$index'
    case 'TotalInvocation':
      return '$total'
    default:
      return operator(node)
  }
}

/** Any other is one of two operands, or stands for what is in it. */
function operator({ type, text, children = [] }: Ast): string {
  const mark = operands.get(type)
  const sides = children.map(child => (mark ? marked(rewrite(child), mark) : rewrite(child)))
  if (sides.length > 1 && text === undefined) throw new Error(`${type} is not known`)
  return sides.join(` ${text} `)
}

/** A sign before another is one that the package takes for numbers that it computed only. */
function isNumber({ type, children: [inner] = [] }: Ast = { type: '' }): boolean {
  if (type === 'TermExpression' || type === 'LiteralTerm') return isNumber(inner)
  return type === 'NumberLiteral'
}

const marked = (text: string, mark: string): string => `(${text}).${mark}()`

const step = (node: Ast): string =>
  `.${node.type === 'FunctionInvocation' ? call(node, '') : rewrite(node)}`

/** `alone`: what it is called on where nothing stands before it. */
function call({ children: [inner] = [] }: Ast, alone: string): string {
  const name = nameIn(inner?.text ?? '')
  const list = inner?.children?.find(({ type }) => type === 'ParamList')?.children ?? []
  const texts = list.map((each, at) => {
    const mark = name === 'iif' && at === 0 ? 'truth' : given.get(name)
    return mark ? marked(rewrite(each), mark) : rewrite(each)
  })
  const told = inputs.get(name)
  const before = told ? `${alone}${told}().` : ''
  return `${before}${others.get(name) ?? name}(${texts.join(', ')})`
}

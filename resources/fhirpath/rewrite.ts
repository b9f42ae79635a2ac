/**
 * An expression as the package is given it. What may take long is told to the meter first, by functions of ours that stand
 * before it; `as` is one that takes several values, because published expressions give it several.
 */
import { nameIn } from './check.ts'
import type { Ast } from './package.ts'

/** What is told of the values that a function is called on. */
const inputs = marks(
  ['compared', 'distinct isDistinct union intersect exclude subsetOf supersetOf repeat'],
  ['compared', 'sum min max avg'],
  ['walked', 'children descendants'],
  ['unit', 'toQuantity convertsToQuantity'],
)

/** And of those that it is given. */
const given = marks(
  ['compared', 'union intersect exclude subsetOf supersetOf'],
  ['repeated', 'repeat'],
  ['short', 'contains indexOf lastIndexOf split replace'],
  ['unit', 'toQuantity'],
)

const operands = marks(
  ['compared', 'UnionExpression EqualityExpression InequalityExpression'],
  ['compared', 'MembershipExpression AdditiveExpression'],
  ['factor', 'MultiplicativeExpression'],
)

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
      return `${text}${first?.()}`
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

const marked = (text: string, mark: string): string => `(${text}).${mark}()`

const step = (node: Ast): string =>
  `.${node.type === 'FunctionInvocation' ? call(node, '') : rewrite(node)}`

/** `alone`: what it is called on where nothing stands before it. */
function call({ children: [inner] = [] }: Ast, alone: string): string {
  const name = nameIn(inner?.text ?? '')
  const list = inner?.children?.find(({ type }) => type === 'ParamList')?.children ?? []
  const mark = given.get(name)
  const texts = list.map(each => (mark ? marked(rewrite(each), mark) : rewrite(each)))
  const told = inputs.get(name)
  const before = told ? `${alone}${told}().` : ''
  return `${before}${name === 'as' ? 'ofType' : name}(${texts.join(', ')})`
}

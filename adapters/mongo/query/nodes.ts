/** A predicate on its way to the database: what it asks of other resources becomes names of those that are meant. */
import type { Predicate } from '../../../resources/search/query.ts'

export type Node =
  | Exclude<Predicate, { kind: 'and' | 'or' | 'not' | 'chain' | 'has' | 'reference' }>
  | (Extract<Predicate, { kind: 'reference' }> & {
      /** What found the targets: how much there is of them is remembered by it. */
      by?: string
    })
  | (Omit<Extract<Predicate, { kind: 'chain' }>, 'where'> & { where: Node[] })
  | (Omit<Extract<Predicate, { kind: 'has' }>, 'where'> & { where: Node[] })
  /** It is one of these: `Patient/1`. */
  | { kind: 'names'; names: string[] }
  | { kind: 'and'; all: Node[] }
  | { kind: 'or'; any: Node[] }
  | { kind: 'not'; not: Node }

/** Whether it asks for other resources, so that it cannot be told by a version alone. */
export function isOpen(node: Node): boolean {
  switch (node.kind) {
    case 'chain':
    case 'has':
      return true
    case 'and':
      return node.all.some(isOpen)
    case 'or':
      return node.any.some(isOpen)
    case 'not':
      return isOpen(node.not)
    default:
      return false
  }
}

export const flat = (node: Node): Node[] => (node.kind === 'and' ? node.all.flatMap(flat) : [node])

/** With each chain and _has replaced. */
export async function replaced(
  node: Node,
  by: (relation: Relation) => Promise<Node>,
): Promise<Node> {
  switch (node.kind) {
    case 'chain':
    case 'has':
      return by(node)
    case 'and':
      return { kind: 'and', all: await each(node.all, by) }
    case 'or':
      return { kind: 'or', any: await each(node.any, by) }
    case 'not':
      return { kind: 'not', not: await replaced(node.not, by) }
    default:
      return node
  }
}

export type Relation = Extract<Node, { kind: 'chain' | 'has' }>

/** One after the other: a transaction takes one command at a time. */
export async function each(
  nodes: Node[],
  by: (relation: Relation) => Promise<Node>,
): Promise<Node[]> {
  const all: Node[] = []
  for (const node of nodes) all.push(await replaced(node, by))
  return all
}

/**
 * Codes that are asked for without a system. Entries of tokens have both, so they are looked for in each system that their
 * parameter has: see values.ts. https://hl7.org/fhir/R4/search.html#token
 */
import type { Token } from '../../../resources/search/query.ts'
import { limitsOf } from '../source.ts'
import { systemRange } from '../terms.ts'
import { firstName, nameOfRows } from '../values.ts'
import type { Node } from './nodes.ts'
import type { Scope } from './scope.ts'

type Asked = Extract<Node, { param: string }>
/** Absent: there are too many to look in each. */
type Systems = (types: string[], param: string, of: typeof nameOfRows) => string[] | undefined

const most = 1000

/** The same, with each of these codes in every system that there is of it. */
export async function withSystems(where: Node[], scope: Scope): Promise<Node[]> {
  const names = new Set<string>()
  // What is asked for is found out by asking.
  const noting: Systems = (types, param, of) => {
    for (const type of types) names.add(of(type, param))
    return []
  }
  for (const node of where) resolved(node, scope.types, noting)
  if (names.size === 0) return where
  const known = new Map<string, string[]>()
  for (const name of names) known.set(name, await readSystems(name, scope))
  const systems: Systems = (types, param, of) => {
    const all = new Set(types.flatMap(type => known.get(of(type, param)) ?? []))
    return all.size > most ? undefined : [...all]
  }
  return where.map(node => resolved(node, scope.types, systems))
}

function readSystems(name: string, { source, tenant }: Scope): Promise<string[]> {
  const read = async () => {
    const found = await source.collections.system
      .find({ _id: systemRange(tenant, name) }, { ...limitsOf(source), limit: most + 1 })
      .project<{ system: string }>({ _id: 0, system: 1 })
      .toArray()
    return found.map(({ system }) => system)
  }
  return source.names.get(`${tenant} ${name}`, read)
}

function resolved(node: Node, types: string[], systems: Systems): Node {
  switch (node.kind) {
    case 'and':
      return { ...node, all: node.all.map(each => resolved(each, types, systems)) }
    case 'or':
      return eitherOf(node.any.map(each => resolved(each, types, systems)))
    case 'not':
      return { ...node, not: resolved(node.not, types, systems) }
    case 'chain':
      return { ...node, where: node.where.map(each => resolved(each, node.types, systems)) }
    case 'has':
      return { ...node, where: node.where.map(each => resolved(each, [node.type], systems)) }
    default:
      return 'param' in node ? ofRows(node, types, systems) : node
  }
}

function ofRows(node: Asked, types: string[], systems: Systems): Node {
  const first: Token | undefined = 'first' in node ? node.first : undefined
  const codes = isOpen(node) ? systems(types, node.param, nameOfRows) : undefined
  const firsts =
    first && isOpen({ kind: 'token', ...first }) ? systems(types, node.param, firstName) : undefined
  const all = codes ? codes.map(system => ({ ...node, system })) : [node]
  return eitherOf(
    all.flatMap(each =>
      firsts ? firsts.map(system => ({ ...each, first: { ...first, system } }) as Node) : each,
    ),
  )
}

/** A code, or several, in any system. */
const isOpen = (asked: { kind: string; system?: string; code?: string }): boolean =>
  asked.system === undefined &&
  (asked.kind === 'codes' || (asked.kind === 'token' && asked.code !== undefined))

function eitherOf(nodes: Node[]): Node {
  const any = nodes.flatMap(node => (node.kind === 'or' ? node.any : [node]))
  const [one] = any
  return one && any.length === 1 ? one : { kind: 'or', any }
}

/** Nodes as filters. What does not drive is hidden from the planner, which would take the first condition it can use. */
import { BSONRegExp, type Document } from 'mongodb'
import type { Predicate, RowPredicate } from '../../../resources/search/query.ts'
import { nameIn } from '../document.ts'
import { conditionOf } from './conditions.ts'
import { beginning, escaped, like, namesOf } from './names.ts'
import { metresFrom } from './near.ts'
import type { Node } from './nodes.ts'
import type { Scope } from './scope.ts'

/** Where the values of a version stand: of the newest, or of one that was superseded. */
export type Place = '' | 'old.'

export function filterOf(node: Node, scope: Scope, place: Place): Document {
  switch (node.kind) {
    case 'id':
      return called(
        scope.types.flatMap(type => node.ids.map(id => `${type}/${id}`)),
        scope,
        place,
      )
    case 'names':
      return called(node.names, scope, place)
    case 'type':
      return { ty: { $in: node.types } }
    case 'updated': {
      const { from, to } = node
      return {
        at: {
          ...(from === undefined ? { $exists: true } : { $gte: from }),
          ...(to === undefined ? {} : { $lte: to }),
        },
      }
    }
    case 'present':
      return { [`${place}has`]: node.param }
    case 'other': {
      const { than } = node
      const { any } = conditionOf(than, scope.types)
      const all = namesOf(scope.types, than.param).map(name => like(name, '[=|]'))
      return { [`${place}x`]: { $elemMatch: { $in: all, $nin: any } } }
    }
    case 'words':
      return { [`${place}text.${node.in === 'narrative' ? 'n' : 'c'}`]: phrase(node.words) }
    case 'and':
      return node.all.length ? { $and: node.all.map(each => filterOf(each, scope, place)) } : {}
    case 'or':
      return anyOf(node.any, scope, place)
    case 'not':
      return { $nor: [filterOf(node.not, scope, place)] }
    case 'chain':
    case 'has':
    case 'amount':
      throw new Error('neither a relation nor an amount in any unit is a condition of a version')
    default:
      return rowFilter(node, scope, place)
  }
}

function anyOf(any: Node[], scope: Scope, place: Place): Document {
  if (any.length === 0) return { _id: { $in: [] } }
  const conditions = any.map(each =>
    each.kind === 'quantity' || each.kind === 'date' ? conditionOf(each, scope.types) : undefined,
  )
  // An amount in any of several units is looked for among the amounts once.
  const [first] = conditions
  if (first && conditions.every(each => each?.in === first.in))
    return elementFilter(
      `${place}${first.in}`,
      conditions.flatMap(each => each?.any ?? []),
    )
  return { $or: any.map(each => filterOf(each, scope, place)) }
}

/** All of these, out of the planner's sight. */
export const hidden = (nodes: Node[], scope: Scope, place: Place): Document[] =>
  nodes.map(node => ({ $nor: [{ $nor: [filterOf(node, scope, place)] }] }))

function rowFilter(predicate: RowPredicate, scope: Scope, place: Place): Document {
  const condition = conditionOf(predicate, scope.types)
  const field = `${place}${condition.in}`
  if (condition.in === 'x') return { [field]: { $in: condition.any } }
  const filter = elementFilter(field, condition.any)
  return predicate.kind === 'near' ? { $and: [filter, isNear(predicate, scope, field)] } : filter
}

/** It has an element of which all of one of these holds. */
function elementFilter(field: string, any: Document[]): Document {
  const [one, ...more] = any
  if (one === undefined) return { _id: { $in: [] } }
  return { [field]: { $elemMatch: more.length ? { $or: any } : one } }
}

function called(names: string[], { tenant }: Scope, place: Place): Document {
  const all = names.map(name => `${tenant}/${name}`)
  return place === ''
    ? { n: { $in: all } }
    : { _id: { $in: all.map(name => beginning(`${name}/`)) } }
}

/** Folded words next to each other, of which the last may go on. */
const phrase = (words: string[]): BSONRegExp => new BSONRegExp(`(?:^| )${escaped(words.join(' '))}`)

function isNear(
  predicate: Extract<Predicate, { kind: 'near' }>,
  { types }: Scope,
  field: string,
): Document {
  const names = namesOf(types, predicate.param).map(({ text }) => text)
  const isThere = {
    $and: [{ $in: ['$$this.p', names] }, { $lte: [metresFrom(predicate), predicate.metres] }],
  }
  return {
    $expr: {
      $anyElementTrue: [{ $map: { input: { $ifNull: [`$${field}`, []] }, in: isThere } }],
    },
  }
}

/** What others call the resource of a version: `Patient/1`. */
export const calledIn = ({ tenant }: Scope, version: string): string =>
  nameIn(version).slice(tenant.length + 1)

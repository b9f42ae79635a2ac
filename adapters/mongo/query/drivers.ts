/** What can drive a search: a part of one index that holds all hits. */
import { BSONRegExp, type Document } from 'mongodb'
import { tooCostly } from '../../../resources/error.ts'
import { type Bounds, isOfRows } from '../../../resources/search/query.ts'
import { byAmount, byEntry, byName, byPoint, bySpan, byTypeTime, byWord } from '../collections.ts'
import { limitsOf } from '../source.ts'
import { allOf, labelName, valueEntry } from '../values.ts'
import { conditionOf } from './conditions.ts'
import { filterOf } from './filter.ts'
import { beginning, type Entry, escaped } from './names.ts'
import { flat, type Node } from './nodes.ts'
import { codesOfComposites, composed, pairs, pairsOfAny } from './pairs.ts'
import type { Scope } from './scope.ts'

const indexOf = {
  x: byEntry,
  d: bySpan,
  q: byAmount,
  g: byPoint,
  w: byWord,
  n: byName,
  at: byTypeTime,
} as const

export type Driver = {
  /** What it answers: those need no residual. */
  covers: Node[]
} & (
  | { in: 'x'; any: Entry[]; when?: Dated }
  | { in: 'w' | 'n'; any: Entry[] }
  | { in: 'd' | 'q' | 'g'; any: Document[] }
  | { in: 'at'; any: [Document] }
)

/** What the main date is between: of all but those that stand apart. See dated.ts. */
export interface Dated {
  k: Document
  apart: string
}

export const hintOf = (driver: Driver): Document => indexOf[driver.in]

/** More ranges than this are not merged but sorted. https://www.mongodb.com/docs/manual/reference/parameters/#mongodb-parameter-param.internalQueryMaxScansToExplode */
const mostMerged = 200

/** Whether it comes in the order of k and c. */
export const isOrdered = (driver: Driver): boolean =>
  driver.in === 'x' &&
  driver.any.length <= mostMerged &&
  driver.any.every(entry => typeof entry === 'string')

const oneOrAny = <T>(any: T[]): T | { $in: T[] } | undefined =>
  any.length === 1 ? any[0] : { $in: any }

/** Its part of the index. */
export function rangeOf(driver: Driver, { tenant: t, types }: Scope): Document {
  switch (driver.in) {
    case 'x':
      return { t, x: oneOrAny(driver.any), ...(driver.when ? { k: driver.when.k } : {}) }
    case 'w':
      return { t, w: oneOrAny(driver.any) }
    case 'n':
      return { n: oneOrAny(driver.any) }
    case 'at':
      return { t, ty: oneOrAny(types), ...driver.any[0] }
    default:
      return anyOf(elementsOf(driver, t))
  }
}

const elementsOf = ({ in: field, any }: Driver, t: Scope['tenant']): Document[] =>
  any.map(element => ({ t, [field]: { $elemMatch: element } }))

/** Each of which is a range of its own, so that they can be merged in their order. */
const anyOf = (branches: Document[]): Document => {
  const [one, ...more] = branches
  return more.length ? { $or: branches } : { ...one }
}

/** The newest versions in it, deletes left out, and of no other types; at one of some places of its order. */
export function driving(driver: Driver, scope: Scope, places: Document[] = [{}]): Document {
  const branches = branchesOf(driver, scope)
  const ranges = places.length > 1 ? branches.flatMap(singles) : branches
  return anyOf(ranges.flatMap(range => places.map(place => both(range, place))))
}

/** Ranges of several values are not merged in the order of what stands behind where that is one value too. */
function singles(branch: Document): Document[] {
  const field = branch.x?.$in ? 'x' : 'ty'
  const values: unknown[] | undefined = branch[field]?.$in
  return values ? values.map(value => ({ ...branch, [field]: value })) : [branch]
}

function branchesOf(driver: Driver, scope: Scope): Document[] {
  const range = rangeOf(driver, scope)
  switch (driver.in) {
    case 'x': {
      if (!driver.when) return [range]
      const has = { $nor: [{ x: { $nin: driver.any } }] }
      return [range, { t: scope.tenant, x: driver.when.apart, ...has }]
    }
    case 'w':
      return [{ ...range, ty: { $in: scope.types } }]
    case 'n':
    case 'at':
      return [{ ...range, x: { $exists: true } }]
    default:
      return elementsOf(driver, scope.tenant)
  }
}

const both = (branch: Document, place: Document): Document =>
  Object.keys(place).some(field => field in branch)
    ? { ...branch, $and: [place] }
    : { ...branch, ...place }

/** Whether a place in its order can be two ranges of each of its values, and those not too many. */
export const isSplit = (driver: Driver, { types }: Scope): boolean =>
  driver.in === 'at'
    ? types.length <= mostSplit
    : isOrdered(driver) && driver.any.length <= mostSplit

const mostSplit = 20

/** All there is of the types. */
export const everything = ({ types }: Scope): Driver & { in: 'x' } => ({
  covers: [],
  in: 'x',
  any: types.map(allOf),
})

/** All that could drive where all of these hold. */
export async function driversOf(where: Node[], scope: Scope): Promise<Driver[]> {
  const all = where.flatMap(flat)
  const drivers = [pairs, pairsOfAny, composed, codesOfComposites].flatMap(of => of(all, scope))
  for (const node of all) drivers.push(...(await ofNode(node, scope)))
  return drivers
}

async function ofNode(node: Node, scope: Scope): Promise<Driver[]> {
  const { tenant, types } = scope
  switch (node.kind) {
    case 'id':
      return [
        named(
          [node],
          types.flatMap(type => node.ids.map(id => `${tenant}/${type}/${id}`)),
        ),
      ]
    case 'names':
      return [
        named(
          [node],
          node.names.map(name => `${tenant}/${name}`),
        ),
      ]
    case 'updated':
      return [{ covers: [node], in: 'at', any: [filterOf(node, scope, '')] }]
    case 'words':
      return node.words.map((word, place) => ({
        covers: [],
        in: 'w',
        any: [place === node.words.length - 1 ? beginning(word) : word],
      }))
    case 'label':
      return [{ covers: [node], in: 'x', any: await labels(node, scope) }]
    case 'or':
      return ofAny(node, scope)
    case 'date':
    case 'quantity':
      // What has any value at all is not few.
      return isBounded(node) ? [{ covers: [node], ...conditionOf(node, types) }] : []
    case 'amount':
    case 'and':
    case 'not':
    case 'type':
    case 'present':
    case 'other':
    case 'chain':
    case 'has':
      return []
    default:
      return isOfRows(node)
        ? [{ covers: node.kind === 'near' ? [] : [node], ...conditionOf(node, types) }]
        : []
  }
}

export const isBounded = ({ lowFrom, lowTo, highFrom, highTo }: Bounds<string | number>): boolean =>
  [lowFrom, lowTo, highFrom, highTo].some(end => end !== undefined)

const named = (covers: Node[], any: string[]): Driver => ({ covers, in: 'n', any })

/** More labels than this are too many to look each of them up. */
const mostLabels = 5000

/** Labels that there are, with a word in them that begins so. */
async function labels(
  { param, text }: Extract<Node, { kind: 'label' }>,
  { source, tenant, types }: Scope,
): Promise<string[]> {
  const names = types.map(type => labelName(type, param))
  const found = await source.names.get(undefined, async () => {
    const terms = await source.collections.term
      .find(
        { t: tenant, p: { $in: names }, text: new BSONRegExp(`(?:^| )${escaped(text)}`) },
        { ...limitsOf(source), limit: mostLabels + 1, projection: { _id: 0, p: 1, text: 1 } },
      )
      .toArray()
    return terms.map(({ p, text }) => valueEntry(p, text))
  })
  if (found.length > mostLabels)
    throw tooCostly(
      `${param}:text: more than ${mostLabels} texts have this part: give a longer one`,
    )
  return found
}

/** Each of which is in one index, the same for all. */
async function ofAny(node: Extract<Node, { kind: 'or' }>, scope: Scope): Promise<Driver[]> {
  const arms: Driver[] = []
  for (const each of node.any) {
    const found = await driversOf([each], scope)
    const arm = found.find(isOrdered) ?? found[0]
    if (!arm || (arms[0] && arm.in !== arms[0].in)) return []
    arms.push(arm)
  }
  const [first] = arms
  if (!first) return [{ covers: [node], in: 'x', any: [] }]
  // What an arm leaves to a residual is not answered by it.
  const isWhole = node.any.every((each, place) => arms[place]?.covers.includes(each))
  return first.in === 'at'
    ? []
    : [{ ...first, covers: isWhole ? [node] : [], any: arms.flatMap(({ any }) => any) } as Driver]
}

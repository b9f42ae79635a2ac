/** Sort keys as the database computes them, and what comes after a place. See resources/search/order.ts. */
import type { Document } from 'mongodb'
import { openStart } from '../../../resources/search/instant.ts'
import { twinsOf } from '../../../resources/search/long.ts'
import type { Key, Position } from '../../../resources/search/order.ts'
import type { Sort } from '../../../resources/search/query.ts'
import { beside } from '../values.ts'
import type { Place } from './filter.ts'
import { metresFrom } from './near.ts'

type ByValue = Extract<Sort, { by: 'value' }>

const keyName = (index: number): string => `key${index}`
/** Whether there is none: those come last. */
const noneName = (index: number): string => `none${index}`

/** Adds the keys to each version. */
export function withKeys(keys: Sort[], place: Place): Document[] {
  const own = keys.map((sort, index) => [keyName(index), keyOf(sort, place)])
  const none = keys.map((_, index) => [
    noneName(index),
    { $cond: [{ $eq: [{ $ifNull: [`$${keyName(index)}`, null] }, null] }, 1, 0] },
  ])
  return [
    { $project: { _id: 1, c: 1, at: 1, ...Object.fromEntries(own) } },
    { $addFields: Object.fromEntries(none) },
  ]
}

export const keysIn = (document: Document, keys: Sort[]): Key[] =>
  keys.map((_, index) => (document[keyName(index)] ?? null) as Key)

function keyOf(sort: Sort, place: Place): Document | string {
  switch (sort.by) {
    case 'date':
      return '$k'
    case 'updated':
      return '$s'
    case 'id':
      return { $arrayElemAt: [{ $split: ['$_id', '/'] }, -2] }
    case 'value': {
      const key = valueKey(sort, place)
      return sort.types ? { $cond: [{ $in: ['$ty', sort.types] }, key, null] } : key
    }
    case 'near':
      return distanceKey(sort, place)
    case 'score':
      return scoreKey(sort, place)
  }
}

const namesOf = (params: string[]): Document[] =>
  params.map(param => ({ $concat: ['$ty', '.', param] }))

function valueKey(sort: ByValue, place: Place): Document {
  const { kind, params } = sort
  const best = sort.descending ? '$max' : '$min'
  const each = (field: string, input: Document) => ({
    $map: {
      input: { $filter: { input: { $ifNull: [`$${place}${field}`, []] }, cond: input } },
      in: '$$this',
    },
  })
  if (kind === 'date' || kind === 'quantity') {
    const names = namesOf(params.flatMap(twinsOf))
    const found = each(kind === 'date' ? 'd' : 'q', { $in: ['$$this.p', names] })
    // A range stands where it begins; one whose beginning is not known where it ends, as `k` has it.
    const at =
      kind === 'date'
        ? { $cond: [{ $eq: ['$$this.lo', openStart] }, '$$this.hi', '$$this.lo'] }
        : '$$this.lo'
    return { [best]: { $map: { input: found, in: at } } }
  }
  const read = kind === 'token' ? codesOf : textsOf
  const values = params.map(param => read(param, each))
  return { [best]: values.length === 1 ? values[0] : { $concatArrays: values } }
}

function distanceKey({ param, points }: Extract<Sort, { by: 'near' }>, place: Place): Document {
  const isIts = { $in: ['$$this.p', namesOf([param])] }
  const input = { $filter: { input: { $ifNull: [`$${place}g`, []] }, cond: isIts } }
  return { $min: { $map: { input, in: { $min: points.map(metresFrom) } } } }
}

/** As scoreOf has it. */
function scoreKey({ phrases }: Extract<Sort, { by: 'score' }>, place: Place): Document {
  const each = phrases.map(({ in: said, words }) => {
    const text = { $ifNull: [`$${place}text.${said === 'narrative' ? 'n' : 'c'}`, ''] }
    const parts = { $split: [{ $concat: [' ', text] }, { $literal: ` ${words.join(' ')}` }] }
    return {
      $let: {
        vars: { times: { $subtract: [{ $size: parts }, 1] } },
        in: { $divide: ['$$times', { $add: ['$$times', 1] }] },
      },
    }
  })
  return { $divide: [{ $add: each }, phrases.length] }
}

type Each = (field: string, input: Document) => Document

/** The texts of the entries of a parameter. */
const textsOf = (param: string, each: Each): Document =>
  entriesOf(param, { sign: '=', next: '>', each }, text => ({
    $arrayElemAt: [{ $split: [text, beside] }, 0],
  }))

/** The codes of the tokens of a parameter: they stand behind their system. */
const codesOf = (param: string, each: Each): Document =>
  entriesOf(param, { sign: '|', next: '}', each }, text => ({
    $substrBytes: [text, { $add: [{ $indexOfBytes: [text, '|'] }, 1] }, -1],
  }))

/** `sign`: what stands behind the name; `next`: the character after it. */
function entriesOf(
  param: string,
  { sign, next, each }: { sign: string; next: string; each: Each },
  of: (text: Document) => Document,
): Document {
  const start = { $concat: ['$ty', '.', param, sign] }
  const end = { $concat: ['$ty', '.', param, next] }
  const found = each('x', { $and: [{ $gte: ['$$this', start] }, { $lt: ['$$this', end] }] })
  return {
    $map: { input: found, in: of({ $substrBytes: ['$$this', { $strLenBytes: start }, -1] }) },
  }
}

const direction = (sort: Sort | undefined, back: boolean): 1 | -1 =>
  (sort?.descending ?? false) === back ? 1 : -1

export function inOrder(keys: Sort[], back: boolean): Document {
  const fields = keys.flatMap((sort, index) => [
    [noneName(index), back ? -1 : 1],
    [keyName(index), direction(sort, back)],
  ])
  return Object.fromEntries([...fields, ['c', direction(keys.at(-1), back)]])
}

/** What is beyond a place. */
export function beyond(keys: Sort[], { keys: at, rid }: Position, back: boolean): Document {
  const than = (sort: Sort | undefined) => (direction(sort, back) === 1 ? '$gt' : '$lt')
  const same = keys.map((_, index) => ({ [keyName(index)]: at[index] ?? null }))
  const ways = keys.flatMap((sort, index): Document[] => {
    const [name, value] = [keyName(index), at[index] ?? null]
    const before = same.slice(0, index)
    if (value === null) return back ? [{ $and: [...before, { [name]: { $ne: null } }] }] : []
    const further: Document[] = [{ [name]: { [than(sort)]: value } }]
    if (!back) further.push({ [name]: null })
    return [{ $and: [...before, { $or: further }] }]
  })
  return { $or: [...ways, { $and: [...same, { c: { [than(keys.at(-1))]: rid } }] }] }
}

/** What a FHIRPath Patch brings: `value[x]` with what stands beside it, or parts that build an object. */

import { elementOf } from '../element.ts'
import { invalid } from '../error.ts'
import { isObject } from '../resource.ts'
import { copyTree } from './tree.ts'

export interface Value {
  /** Absent where only `beside` comes. */
  value?: unknown
  /** `_value[x]`: id and extensions of a primitive. */
  beside?: unknown
  /** As it stands in `value[x]`: `Quantity`, `DateTime`; empty where parts build it. */
  type: string
}

/** The value of a part; `shape` is the definition of the element it is for. Absent: there is none. */
export function readValue(
  part: Record<string, unknown>,
  shape: string,
  at: string,
): Value | undefined {
  const types = new Set(Object.keys(part).flatMap(key => /^_?value([A-Z].*)$/.exec(key)?.[1] ?? []))
  const [type] = types
  if (types.size + Number(part.part !== undefined) + Number(part.resource !== undefined) > 1)
    throw invalid('a part has one value only', at)
  if (part.resource !== undefined)
    throw invalid('a resource cannot be a value here: give its elements as parts', at)
  if (type !== undefined) {
    const [value, beside] = [part[`value${type}`], part[`_value${type}`]]
    return {
      type,
      ...(value === undefined ? {} : { value: copyTree(value) }),
      ...(beside === undefined ? {} : { beside: copyTree(beside) }),
    }
  }
  if (part.part === undefined) return undefined
  if (!Array.isArray(part.part)) throw invalid('part must be an array', `${at}.part`)
  const object: Record<string, unknown> = {}
  for (const [index, inner] of part.part.entries())
    addPart(object, inner, shape, `${at}.part[${index}]`)
  return { value: object, type: '' }
}

function addPart(object: Record<string, unknown>, part: unknown, shape: string, at: string): void {
  if (!isObject(part) || typeof part.name !== 'string' || part.name === '__proto__')
    throw invalid('a part must be an object with the name of an element', at)
  const known = elementOf(shape, part.name)
  const read = readValue(part, known?.shape ?? '', at)
  if (!read) throw invalid('the part has no value', at)
  const name = known?.choice && !known.shape ? part.name + read.type : part.name
  if (known?.many) append({ object, name }, read)
  else if (has(object, name)) throw invalid('the element does not repeat: give it once', at)
  else put(object, name, read)
}

/** An element is there too where it has extensions only. */
export const has = (object: Record<string, unknown>, name: string): boolean =>
  Object.hasOwn(object, name) || Object.hasOwn(object, `_${name}`)

/** Sets an element. What stands beside it stays, unless something else comes with the value. */
export function put(object: Record<string, unknown>, name: string, read: Value): void {
  if (Object.hasOwn(read, 'value')) object[name] = read.value
  else delete object[name]
  if (Object.hasOwn(read, 'beside')) object[`_${name}`] = read.beside
}

/** An array and the one beside it that holds ids and extensions of primitives. */
export interface List {
  object: Record<string, unknown>
  name: string
}

/** How many items: values and those that have extensions only. */
export const lengthOf = ({ object, name }: List): number =>
  Math.max(
    ...[object[name], object[`_${name}`]].map(list => (Array.isArray(list) ? list.length : 0)),
  )

/** Changes a copy of the items, each with what stands beside it, and puts them back as two arrays. */
export function changeItems(list: List, change: (items: Omit<Value, 'type'>[]) => void): void {
  const { object, name } = list
  const [values, besides] = [object[name], object[`_${name}`]]
  const items = Array.from({ length: lengthOf(list) }, (_, index) => ({
    value: (Array.isArray(values) ? values[index] : undefined) ?? null,
    beside: (Array.isArray(besides) ? besides[index] : undefined) ?? null,
  }))
  change(items)
  object[name] = items.map(({ value = null }) => value)
  object[`_${name}`] = items.map(({ beside = null }) => beside)
  if (items.every(({ beside = null }) => beside === null)) delete object[`_${name}`]
  // FHIR has no empty arrays.
  if (items.length === 0) delete object[name]
}

export const append = (list: List, read: Value): void =>
  changeItems(list, items => items.push(read))

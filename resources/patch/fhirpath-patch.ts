/** https://hl7.org/fhir/R4/fhirpatch.html */
import { invalid, issue, rejected } from '../error.ts'
import { isObject, type Resource } from '../resource.ts'
import { elementOf } from './element.ts'
import { findPlaces, keyOf, type Place } from './path.ts'
import { copyTree } from './tree.ts'

interface Operation {
  type: string
  path: string
  element: string | undefined
  /** The part named value, as it came. */
  value: Record<string, unknown> | undefined
  index: number | undefined
  source: number | undefined
  destination: number | undefined
  at: string
}

type Apply = (resource: Resource, operation: Operation) => void

const operations: Readonly<Record<string, Apply>> = { add, insert, delete: remove, replace, move }

export function fhirpathPatch(resource: Resource, body: unknown): unknown {
  if (!isObject(body) || body.resourceType !== 'Parameters')
    throw invalid('a FHIRPath Patch is a Parameters resource')
  if (!Array.isArray(body.parameter)) throw invalid('parameter is missing', 'Parameters.parameter')
  const patched = copyTree(resource)
  for (const [index, parameter] of body.parameter.entries()) {
    const operation = readOperation(parameter, `Parameters.parameter[${index}]`)
    operations[operation.type]?.(patched, operation)
  }
  return patched
}

function readOperation(parameter: unknown, at: string): Operation {
  if (!isObject(parameter) || parameter.name !== 'operation' || !Array.isArray(parameter.part))
    throw invalid('each parameter must be named operation and have parts', at)
  const parts = new Map<string, Record<string, unknown>>()
  for (const part of parameter.part)
    if (isObject(part) && typeof part.name === 'string') parts.set(part.name, part)
  const plain = (name: string): unknown => {
    const part = parts.get(name)
    return part && Object.entries(part).find(([key]) => key.startsWith('value'))?.[1]
  }
  const number = (name: string): number | undefined => {
    const value = plain(name)
    return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined
  }
  const type = plain('type')
  const path = plain('path')
  const element = plain('name')
  if (typeof type !== 'string' || !Object.hasOwn(operations, type))
    throw invalid(`type must be one of ${Object.keys(operations).join(', ')}`, at)
  if (typeof path !== 'string') throw invalid('path is missing', at)
  return {
    type,
    path,
    element: typeof element === 'string' ? element : undefined,
    value: parts.get('value'),
    index: number('index'),
    source: number('source'),
    destination: number('destination'),
    at,
  }
}

interface Value {
  value: unknown
  /** As it stands in `value[x]`: `Quantity`, `DateTime`; empty where parts build it. */
  type: string
}

/** `value[x]`, or parts that build an object of a backbone element, whose definition is `shape`. */
function readValue(part: Record<string, unknown>, shape: string): Value | undefined {
  const entry = Object.entries(part).find(([key]) => /^value[A-Z]/.test(key))
  if (entry) return { value: copyTree(entry[1]), type: entry[0].slice('value'.length) }
  if (!Array.isArray(part.part)) return undefined
  const object: Record<string, unknown> = {}
  for (const inner of part.part) {
    if (!isObject(inner) || typeof inner.name !== 'string' || inner.name === '__proto__') continue
    const known = elementOf(shape, inner.name)
    const read = readValue(inner, known?.shape ?? '')
    if (!read) continue
    const name = known?.choice && !known.shape ? inner.name + read.type : inner.name
    const before = Object.hasOwn(object, name) ? object[name] : undefined
    if (Array.isArray(before)) before.push(read.value)
    else object[name] = known?.many ? [read.value] : read.value
  }
  return { value: object, type: '' }
}

const refuse = (operation: Operation, diagnostics: string) =>
  rejected([issue('processing', diagnostics, operation.at)])

function onePlace(resource: Resource, operation: Operation): Place {
  const places = findPlaces(resource, operation.path)
  const [place] = places
  if (!place || places.length > 1)
    throw refuse(
      operation,
      `the path must lead to exactly one element, and leads to ${places.length === 0 ? 'none' : 'several'}`,
    )
  return place
}

function needValue(operation: Operation, shape: string): Value {
  const read = operation.value && readValue(operation.value, shape)
  if (!read) throw refuse(operation, `${operation.type} needs a value`)
  return read
}

function add(resource: Resource, operation: Operation): void {
  const { element } = operation
  const { value: holder, shape } = onePlace(resource, operation)
  if (!element || !isObject(holder) || element === '__proto__')
    throw refuse(operation, 'add needs the name of an element and a path to an object')
  const known = elementOf(shape, element)
  const { value, type } = needValue(operation, known?.shape ?? '')
  // `value` becomes `valueQuantity` where the element is a choice.
  const key = keyOf(holder, element) ?? (known?.choice && !known.shape ? element + type : element)
  const before = holder[key]
  if (Array.isArray(before)) splice({ object: holder, name: key }, before.length, 0, value)
  else if (before !== undefined)
    throw refuse(operation, 'the element is there already: use replace')
  else holder[key] = known?.many ? [value] : value
}

type List = NonNullable<Place['list']>

/** Changes an array and the one beside it that holds ids and extensions of primitives. */
function splice({ object, name }: List, at: number, remove: number, ...items: unknown[]): void {
  const list = object[name]
  if (!Array.isArray(list)) return
  const beside = object[`_${name}`]
  if (Array.isArray(beside)) {
    while (beside.length < list.length) beside.push(null)
    beside.splice(at, remove, ...items.map(() => null))
    if (beside.every(item => item === null)) delete object[`_${name}`]
  }
  list.splice(at, remove, ...items)
  // FHIR has no empty arrays.
  if (list.length === 0) delete object[name]
}

function listAt(
  resource: Resource,
  operation: Operation,
): List & { length: number; shape: string } {
  const [place] = findPlaces(resource, operation.path)
  const list = place?.list?.object[place.list.name]
  if (!place?.list || !Array.isArray(list))
    throw refuse(operation, 'the path must lead to an element that repeats')
  return { ...place.list, length: list.length, shape: place.shape }
}

function insert(resource: Resource, operation: Operation): void {
  const list = listAt(resource, operation)
  const { value } = needValue(operation, list.shape)
  const { index } = operation
  if (index === undefined || index > list.length)
    throw refuse(operation, `index must be from 0 to ${list.length}`)
  splice(list, index, 0, value)
}

/** Nothing there is fine: deleted is deleted. */
function remove(resource: Resource, operation: Operation): void {
  const places = findPlaces(resource, operation.path)
  const [place] = places
  if (!place) return
  if (places.length > 1)
    throw refuse(operation, 'the path must lead to one element, and leads to several')
  const { holder, key, list } = place
  if (list && typeof key === 'number') splice(list, key, 1)
  else if (isObject(holder) && typeof key === 'string') {
    delete holder[key]
    delete holder[`_${key}`]
  } else throw refuse(operation, 'the resource itself cannot be deleted by a patch')
}

function replace(resource: Resource, operation: Operation): void {
  const { holder, key, shape } = onePlace(resource, operation)
  const { value, type } = needValue(operation, shape)
  if (Array.isArray(holder) && typeof key === 'number') holder[key] = value
  else if (isObject(holder) && typeof key === 'string') {
    const name = lastName(operation.path)
    const renamed = name && name !== key && key.startsWith(name) ? name + type : key
    if (renamed !== key) {
      delete holder[key]
      delete holder[`_${key}`]
    }
    holder[renamed] = value
  } else throw refuse(operation, 'the resource itself cannot be replaced by a patch')
}

const lastName = (path: string): string | undefined => /([A-Za-z]+)$/.exec(path)?.[1]

function move(resource: Resource, operation: Operation): void {
  const { object, name, length } = listAt(resource, operation)
  const { source, destination } = operation
  const last = length - 1
  if (source === undefined || destination === undefined || source > last || destination > last)
    throw refuse(operation, `source and destination must be from 0 to ${last}`)
  for (const list of [object[name], object[`_${name}`]])
    if (Array.isArray(list)) {
      while (list.length < length) list.push(null)
      list.splice(destination, 0, ...list.splice(source, 1))
    }
}

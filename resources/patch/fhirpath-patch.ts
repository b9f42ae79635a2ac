/** https://hl7.org/fhir/R4/fhirpatch.html */

import { elementOf } from '../element.ts'
import { invalid, issue, rejected } from '../error.ts'
import { isObject, type Resource } from '../resource.ts'
import { findPlaces, keyOf, type Place } from './path.ts'
import { refuseMany } from './size.ts'
import { copyTree } from './tree.ts'
import {
  append,
  changeItems,
  has,
  type List,
  lengthOf,
  put,
  readValue,
  type Value,
} from './value.ts'

interface Part {
  content: Record<string, unknown>
  at: string
}

interface Operation {
  type: string
  path: string
  element: string | undefined
  /** The part named value, as it came, and where. */
  value: Part | undefined
  index: number | undefined
  source: number | undefined
  destination: number | undefined
  at: string
}

/** Answers the object that it emptied, where it did. */
type Apply = (resource: Resource, operation: Operation) => unknown

const operations: Readonly<Record<string, Apply>> = { add, insert, delete: remove, replace, move }

export function fhirpathPatch(resource: Resource, body: unknown): unknown {
  if (!isObject(body) || body.resourceType !== 'Parameters')
    throw invalid('a FHIRPath Patch is a Parameters resource')
  if (!Array.isArray(body.parameter)) throw invalid('parameter is missing', 'Parameters.parameter')
  refuseMany(body.parameter)
  const patched = copyTree(resource)
  for (const [index, parameter] of body.parameter.entries()) {
    const operation = readOperation(parameter, `Parameters.parameter[${index}]`)
    const emptied = operations[operation.type]?.(patched, operation)
    if (isObject(emptied)) dropEmptied(patched, emptied)
  }
  return patched
}

/** What stands beside a primitive goes with the last that was in it: `_birthDate` with its only extension. */
function dropEmptied(value: unknown, emptied: object): void {
  if (Array.isArray(value)) for (const item of value) dropEmptied(item, emptied)
  else if (isObject(value))
    for (const [key, child] of Object.entries(value)) {
      dropEmptied(child, emptied)
      if (!key.startsWith('_') || ![child].flat().includes(emptied)) continue
      const left = [child].flat().map(each => (each === emptied ? null : each))
      if (left.every(each => each === null)) delete value[key]
      else value[key] = left
    }
}

function readOperation(parameter: unknown, at: string): Operation {
  if (!isObject(parameter) || parameter.name !== 'operation' || !Array.isArray(parameter.part))
    throw invalid('each parameter must be named operation and have parts', at)
  const parts = new Map<string, Part>()
  for (const [index, content] of parameter.part.entries()) {
    const part = { content, at: `${at}.part[${index}]` }
    if (!isObject(content) || typeof content.name !== 'string')
      throw invalid('a part must be an object with a name', part.at)
    if (parts.has(content.name)) throw invalid('the part comes twice', part.at)
    parts.set(content.name, part)
  }
  const plain = (name: string): unknown => {
    const part = parts.get(name)
    return part && readValue(part.content, '', part.at)?.value
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

const refuse = (operation: Pick<Operation, 'at'>, diagnostics: string) =>
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

function needValue({ value, type, at }: Operation, shape: string): Value {
  const read = value && readValue(value.content, shape, value.at)
  if (!read) throw refuse({ at }, `${type} needs a value`)
  return read
}

function add(resource: Resource, operation: Operation): void {
  const { element } = operation
  const { value: holder, shape } = onePlace(resource, operation)
  if (!element || !isObject(holder) || element === '__proto__')
    throw refuse(operation, 'add needs the name of an element and a path to an object')
  const known = elementOf(shape, element)
  const read = needValue(operation, known?.shape ?? '')
  // `value` becomes `valueQuantity` where the element is a choice.
  const key =
    keyOf(holder, element) ?? (known?.choice && !known.shape ? element + read.type : element)
  if (known?.many || Array.isArray(holder[key])) append({ object: holder, name: key }, read)
  else if (has(holder, key)) throw refuse(operation, 'the element is there already: use replace')
  else put(holder, key, read)
}

/** The one list that the path leads to, all of it: an index counts the items of a list, not of several or of a part. */
function listAt(resource: Resource, operation: Operation): List & { shape: string } {
  const places = findPlaces(resource, operation.path)
  const [place] = places
  const list = place?.list
  if (!list || lastName(operation.path) !== list.name)
    throw refuse(operation, 'the path must lead to an element that repeats, and end with its name')
  if (places.some(other => other.list?.object !== list.object))
    throw refuse(operation, 'the path must lead to one list, and leads to several')
  return { ...list, shape: place.shape }
}

function insert(resource: Resource, operation: Operation): void {
  const list = listAt(resource, operation)
  const read = needValue(operation, list.shape)
  const { index } = operation
  const length = lengthOf(list)
  if (index === undefined || index > length)
    throw refuse(operation, `index must be from 0 to ${length}`)
  changeItems(list, items => items.splice(index, 0, read))
}

/** Nothing there is fine: deleted is deleted. */
function remove(resource: Resource, operation: Operation): object | undefined {
  const places = findPlaces(resource, operation.path)
  const [place] = places
  if (!place) return undefined
  if (places.length > 1)
    throw refuse(operation, 'the path must lead to one element, and leads to several')
  const { holder, key, list } = place
  if (list && typeof key === 'number') changeItems(list, items => items.splice(key, 1))
  else if (holder && typeof key === 'string') {
    delete holder[key]
    delete holder[`_${key}`]
  } else throw refuse(operation, 'the resource itself cannot be deleted by a patch')
  const from = list?.object ?? holder
  return from && Object.keys(from).length === 0 ? from : undefined
}

function replace(resource: Resource, operation: Operation): void {
  const { holder, key, list, shape } = onePlace(resource, operation)
  const read = needValue(operation, shape)
  if (list && typeof key === 'number')
    changeItems(list, items => items.splice(key, 1, { ...items[key], value: undefined, ...read }))
  else if (holder && typeof key === 'string') {
    const name = lastName(operation.path)
    const renamed = name && name !== key && key.startsWith(name) ? name + read.type : key
    if (renamed !== key) {
      delete holder[key]
      delete holder[`_${key}`]
    }
    put(holder, renamed, read)
  } else throw refuse(operation, 'the resource itself cannot be replaced by a patch')
}

const lastName = (path: string): string | undefined => /([A-Za-z]+)\s*$/.exec(path)?.[1]

function move(resource: Resource, operation: Operation): void {
  const list = listAt(resource, operation)
  const { source, destination } = operation
  const last = lengthOf(list) - 1
  if (source === undefined || destination === undefined || source > last || destination > last)
    throw refuse(operation, `source and destination must be from 0 to ${last}`)
  changeItems(list, items => items.splice(destination, 0, ...items.splice(source, 1)))
}

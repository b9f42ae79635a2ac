/** https://hl7.org/fhir/R4/fhirpatch.html */
import { structureOf } from '../definitions.ts'
import { invalid, issue, rejected } from '../error.ts'
import { isObject, type Resource } from '../resource.ts'
import { findPlaces, keyOf, type Place } from './path.ts'
import { copyTree } from './tree.ts'

interface Operation {
  type: string
  path: string
  element: string | undefined
  value: { value: unknown; type: string } | undefined
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
  const value = parts.get('value')
  return {
    type,
    path,
    element: typeof element === 'string' ? element : undefined,
    value: value && readValue(value),
    index: number('index'),
    source: number('source'),
    destination: number('destination'),
    at,
  }
}

/** `value[x]`, or parts that build an object of a backbone element. */
function readValue(part: Record<string, unknown>): { value: unknown; type: string } | undefined {
  const entry = Object.entries(part).find(([key]) => /^value[A-Z]/.test(key))
  if (entry) return { value: copyTree(entry[1]), type: entry[0].slice('value'.length) }
  if (!Array.isArray(part.part)) return undefined
  const object: Record<string, unknown> = {}
  for (const inner of part.part) {
    if (!isObject(inner) || typeof inner.name !== 'string' || inner.name === '__proto__') continue
    const read = readValue(inner)
    if (!read) continue
    const { name } = inner
    if (Object.hasOwn(object, name)) {
      const before = object[name]
      object[name] = [...(Array.isArray(before) ? before : [before]), read.value]
    } else object[name] = read.value
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

function needValue(operation: Operation): { value: unknown; type: string } {
  if (!operation.value) throw refuse(operation, `${operation.type} needs a value`)
  return operation.value
}

function add(resource: Resource, operation: Operation): void {
  const { element } = operation
  const { value, type } = needValue(operation)
  const { value: holder } = onePlace(resource, operation)
  if (!element || !isObject(holder) || element === '__proto__')
    throw refuse(operation, 'add needs the name of an element and a path to an object')
  const definition = elementAt(resource, operation.path, element)
  // `value` becomes `valueQuantity` where the element is a choice.
  const key = keyOf(holder, element) ?? (definition?.choice ? element + type : element)
  const before = holder[key]
  if (Array.isArray(before)) before.push(value)
  else if (before !== undefined)
    throw refuse(operation, 'the element is there already: use replace')
  else holder[key] = definition?.many ? [value] : value
}

/** The definition of an element below a path, as far as the path's words lead through definitions. */
function elementAt(resource: Resource, path: string, name: string) {
  let at: string = resource.resourceType
  const words = path.replace(/\([^()]*\)/g, '()').split('.')
  for (const step of words) {
    const word = step.replace(/\[.*$/, '')
    if (word === resource.resourceType && at === word) continue
    if (word === 'extension()') {
      at = 'Extension'
      continue
    }
    if (word.includes('(')) continue
    const element = structureOf(at)?.elements[word]
    if (!element) return undefined
    const [type = ''] = element.types
    at = element.content ?? (structureOf(`${at}.${word}`) ? `${at}.${word}` : type)
  }
  const elements = structureOf(at)?.elements ?? {}
  return Object.hasOwn(elements, name) ? elements[name] : undefined
}

function listAt(resource: Resource, operation: Operation): unknown[] {
  const [place] = findPlaces(resource, operation.path)
  const list = place?.list?.object[place.list.name]
  if (!Array.isArray(list)) throw refuse(operation, 'the path must lead to an element that repeats')
  return list
}

function insert(resource: Resource, operation: Operation): void {
  const { value } = needValue(operation)
  const list = listAt(resource, operation)
  const { index } = operation
  if (index === undefined || index > list.length)
    throw refuse(operation, `index must be from 0 to ${list.length}`)
  list.splice(index, 0, value)
}

/** Nothing there is fine: deleted is deleted. */
function remove(resource: Resource, operation: Operation): void {
  const places = findPlaces(resource, operation.path)
  const [place] = places
  if (!place) return
  if (places.length > 1)
    throw refuse(operation, 'the path must lead to one element, and leads to several')
  const { holder, key, list } = place
  if (Array.isArray(holder) && typeof key === 'number') {
    holder.splice(key, 1)
    // FHIR has no empty arrays.
    if (holder.length === 0 && list) delete list.object[list.name]
  } else if (holder && typeof key === 'string') delete (holder as Record<string, unknown>)[key]
  else throw refuse(operation, 'the resource itself cannot be deleted by a patch')
}

function replace(resource: Resource, operation: Operation): void {
  const { value, type } = needValue(operation)
  const { holder, key } = onePlace(resource, operation)
  if (Array.isArray(holder) && typeof key === 'number') holder[key] = value
  else if (isObject(holder) && typeof key === 'string') {
    const name = lastName(operation.path)
    const renamed = name && name !== key && key.startsWith(name) ? name + type : key
    if (renamed !== key) delete holder[key]
    holder[renamed] = value
  } else throw refuse(operation, 'the resource itself cannot be replaced by a patch')
}

const lastName = (path: string): string | undefined => /([A-Za-z]+)$/.exec(path)?.[1]

function move(resource: Resource, operation: Operation): void {
  const list = listAt(resource, operation)
  const { source, destination } = operation
  const last = list.length - 1
  if (source === undefined || destination === undefined || source > last || destination > last)
    throw refuse(operation, `source and destination must be from 0 to ${last}`)
  list.splice(destination, 0, ...list.splice(source, 1))
}

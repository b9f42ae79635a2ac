/** https://hl7.org/fhir/R4/search.html#summary and #elements, for reads and for search results. */
import { type Element, type Structure, structureOf } from '../resources/definitions.ts'
import { invalid } from '../resources/error.ts'
import { parseStored } from '../resources/json.ts'
import { isObject, type Resource, subsetted } from '../resources/resource.ts'
import type { FhirRequest } from './request.ts'

export interface Subset {
  summary?: 'true' | 'text' | 'data'
  elements?: string[]
}

/** What `_summary` and `_elements` of anything but a search ask for; absent: all of it. Refuses `count`, which is for searches. */
export function subsetOf(request: FhirRequest): Subset | undefined {
  if (request.query.length === 0) return undefined
  let subset: Subset | undefined
  for (const [name, value] of request.query) {
    if (name === '_elements') subset = { ...subset, elements: value.split(',').filter(Boolean) }
    if (name !== '_summary' || value === 'false') continue
    if (value !== 'true' && value !== 'text' && value !== 'data')
      throw invalid('_summary takes true, text, data or false here')
    subset = { ...subset, summary: value }
  }
  return subset
}

/** The resource with only what was asked for, what is mandatory and what modifies it, marked as SUBSETTED. */
export function reduce(json: string, subset: Subset): Resource {
  const resource = parseStored(json) as Resource
  const structure = structureOf(resource.resourceType)
  if (!structure) return resource
  const { summary, elements } = subset
  const keep = elements
    ? named(elements, structure, resource.resourceType)
    : keepOf(summary, structure)
  const wanted = (name: string) =>
    always.has(name) || mandatory(structure, name) || keep(name) || alters(structure, name, subset)
  const reduced = pick(resource, wanted)
  if (summary === 'true' && !elements) trim(reduced, resource.resourceType)
  const meta = isObject(reduced.meta) ? reduced.meta : {}
  const tags = Array.isArray(meta.tag) ? meta.tag : []
  const { resourceType, id, ...rest } = reduced
  return {
    resourceType: resource.resourceType,
    ...(typeof id === 'string' ? { id } : {}),
    ...rest,
    meta: { ...meta, tag: [...tags, subsetted] },
  }
}

/** `Patient.name` is `name`; `value`, `value[x]` and `valueQuantity` are the same element. */
function named(elements: string[], structure: Structure, type: string): (name: string) => boolean {
  const keys = new Set(
    elements.map(name => {
      const plain = name.replace(/\[x\]$/, '')
      return keyOf(structure, plain.startsWith(`${type}.`) ? plain.slice(type.length + 1) : plain)
    }),
  )
  return name => keys.has(keyOf(structure, name))
}

const always = new Set(['resourceType', 'id', 'meta'])

function keepOf(summary: Subset['summary'], structure: Structure): (name: string) => boolean {
  if (summary === 'text') return name => name === 'text'
  if (summary === 'data') return name => name !== 'text'
  return name => elementOf(structure, name)?.summary === true
}

const mandatory = (structure: Structure, name: string): boolean =>
  (elementOf(structure, name)?.min ?? 0) > 0

/** What can turn the meaning of the rest around (`doNotPerform`, entered in error) is not left out of it. */
const alters = (structure: Structure, name: string, { summary, elements }: Subset): boolean =>
  (elements !== undefined || summary === 'true') && elementOf(structure, name)?.modifier === true

/** The element a name in JSON stands for: `valueQuantity` is `value`. */
function keyOf({ elements }: Structure, name: string): string {
  if (Object.hasOwn(elements, name)) return name
  const isChoice = (key: string) =>
    elements[key]?.choice && name.startsWith(key) && /[A-Z]/.test(name.charAt(key.length))
  return Object.keys(elements).find(isChoice) ?? name
}

function elementOf(structure: Structure, name: string): Element | undefined {
  const key = keyOf(structure, name)
  return Object.hasOwn(structure.elements, key) ? structure.elements[key] : undefined
}

const pick = (object: Record<string, unknown>, wanted: (name: string) => boolean) =>
  Object.fromEntries(
    Object.entries(object).filter(([key]) => wanted(key.startsWith('_') ? key.slice(1) : key)),
  )

/** In backbone elements too only what belongs to the summary stays. */
function trim(object: Record<string, unknown>, path: string): void {
  for (const [key, value] of Object.entries(object)) {
    const inner = structureOf(`${path}.${key}`)
    if (!inner) continue
    const one = (item: unknown) => {
      if (!isObject(item)) return item
      const kept = pick(
        item,
        name => elementOf(inner, name)?.summary === true || mandatory(inner, name),
      )
      trim(kept, `${path}.${key}`)
      return Object.keys(kept).length ? kept : item
    }
    object[key] = Array.isArray(value) ? value.map(one) : one(value)
  }
}

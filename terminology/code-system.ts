/** The concepts of a code system and how they are related. https://hl7.org/fhir/R4/codesystem.html */
import type { CodeSystem, CodeSystemConcept, CodeSystemConceptProperty } from 'fhir/r4'
import { decimalText, isDecimal } from '../resources/json.ts'

export interface Concept {
  code: string
  display?: string
  /** Values as text, by the property's code. */
  properties: Map<string, string[]>
  parents: Set<string>
  children: Set<string>
}

export interface System {
  url: string
  /** It lists all its concepts. */
  complete: boolean
  /** Its hierarchy tells what is a kind of what. */
  isA: boolean
  concepts: Map<string, Concept>
}

export function readSystem(resource: CodeSystem): System {
  const meaning = resource.hierarchyMeaning
  const system: System = {
    url: resource.url ?? '',
    complete: resource.content === 'complete',
    isA: meaning === undefined || meaning === 'is-a' || meaning === 'classified-with',
    concepts: new Map(),
  }
  const open: [concept: CodeSystemConcept, parent?: Concept][] = []
  const add = (concepts: CodeSystemConcept[] = [], parent?: Concept) => {
    for (const concept of concepts.toReversed()) open.push(parent ? [concept, parent] : [concept])
  }
  add(resource.concept)
  for (let next = open.pop(); next; next = open.pop()) {
    const [given, parent] = next
    const concept = readConcept(given)
    system.concepts.set(concept.code, concept)
    if (parent) relate(parent, concept)
    add(given.concept, concept)
  }
  for (const concept of system.concepts.values()) relateByProperties(concept, system, resource)
  return system
}

function readConcept(given: CodeSystemConcept): Concept {
  const properties = new Map<string, string[]>()
  for (const property of given.property ?? []) {
    const value = textOf(property)
    if (value !== undefined)
      properties.set(property.code, [...(properties.get(property.code) ?? []), value])
  }
  return {
    code: given.code,
    ...(given.display === undefined ? {} : { display: given.display }),
    properties,
    parents: new Set(),
    children: new Set(),
  }
}

function textOf(property: CodeSystemConceptProperty): string | undefined {
  const value: unknown =
    property.valueCode ??
    property.valueCoding?.code ??
    property.valueString ??
    property.valueInteger ??
    property.valueBoolean ??
    property.valueDateTime ??
    property.valueDecimal
  if (value === undefined) return undefined
  return isDecimal(value) ? decimalText(value) : String(value)
}

function relate(parent: Concept, child: Concept): void {
  parent.children.add(child.code)
  child.parents.add(parent.code)
}

/** https://hl7.org/fhir/R4/codesystem-concept-properties.html: by their own names, or by those that a system gives them. */
function relateByProperties(concept: Concept, { concepts }: System, resource: CodeSystem): void {
  for (const relation of ['parent', 'child']) {
    const uri = `http://hl7.org/fhir/concept-properties#${relation}`
    const named = (resource.property ?? []).filter(each => each.uri === uri).map(({ code }) => code)
    for (const name of new Set([relation, ...named]))
      for (const code of concept.properties.get(name) ?? []) {
        const other = concepts.get(code)
        if (!other) continue
        if (relation === 'parent') relate(other, concept)
        else relate(concept, other)
      }
  }
}

/** A code and all under it, or over it; a circle ends where it began. Only the code where the system does not have it. */
export function reach(
  { concepts }: System,
  code: string,
  along: 'children' | 'parents',
): Set<string> {
  const reached = new Set([code])
  for (const each of reached)
    for (const next of concepts.get(each)?.[along] ?? []) reached.add(next)
  return reached
}

/** No longer in use: https://hl7.org/fhir/R4/codesystem-concept-properties.html#concept-properties-inactive */
export const isInactive = ({ properties }: Concept): boolean =>
  properties.get('inactive')?.includes('true') === true ||
  ['retired', 'inactive'].some(status => properties.get('status')?.includes(status))

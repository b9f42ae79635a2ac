/** The facts of FHIR R4 that the server works with, read from resources/definitions/ when they are first needed. */
import { readFileSync } from 'node:fs'

export interface Element {
  min?: number
  /** It repeats: JSON shows an array. */
  many?: true
  /** Not allowed here (max 0). */
  none?: true
  /** `value[x]`: the name in JSON is this one and a type. */
  choice?: true
  types: string[]
  /** What a Reference may point to; absent: anything. */
  targets?: string[]
  /** Its elements are those of this path. */
  content?: string
  /** The value set that a code must come from. */
  codes?: string
  summary?: true
  modifier?: true
}

export interface Structure {
  kind: 'resource' | 'type' | 'abstract' | 'backbone'
  elements: Record<string, Element>
}

export interface SearchParameterFacts {
  /** The end of its address, `http://hl7.org/fhir/SearchParameter/Patient-active`. */
  id: string
  code: string
  base: string[]
  type: string
  expression: string
  target?: string[]
  components?: { code: string; expression: string }[]
  /** The name its rows stand under, where it is not the code: that of a tenant's own parameter tells its revisions apart. */
  rows?: string
  /** Its address, where it is not of R4. */
  url?: string
}

/** `tables`: what in it, besides itself, is looked up by names from outside. */
function lazy<T extends object>(file: string, tables: (facts: T) => object[] = () => []): () => T {
  let facts: T | undefined
  return () => {
    facts ??= read(file, tables)
    return facts
  }
}

function read<T extends object>(file: string, tables: (facts: T) => object[]): T {
  const facts = JSON.parse(readFileSync(new URL(`definitions/${file}`, import.meta.url), 'utf8'))
  // What all objects inherit, such as `constructor`, is no fact of FHIR.
  for (const table of [facts, ...tables(facts)]) Object.setPrototypeOf(table, null)
  return facts
}

const structures = lazy<Record<string, Structure>>('elements.json', all =>
  Object.values(all).map(({ elements }) => elements),
)
const codes = lazy<Record<string, string[]>>('codes.json')
const systems = lazy<Record<string, string>>('systems.json')
const invariants =
  lazy<Record<string, [key: string, severity: string, expression: string][]>>('invariants.json')
const parameters = lazy<Record<string, Omit<SearchParameterFacts, 'id'>>>('search-parameters.json')
const compartmentTable = lazy<Record<string, Record<string, string[]>>>(
  'compartments.json',
  Object.values,
)

let types: ReadonlySet<string> | undefined

/** The 146 resource types that exist as themselves. https://hl7.org/fhir/R4/resourcelist.html */
export function resourceTypes(): ReadonlySet<string> {
  types ??= new Set(
    Object.entries(structures())
      .filter(([, structure]) => structure.kind === 'resource')
      .map(([type]) => type),
  )
  return types
}

export const isResourceType = (name: string): boolean => resourceTypes().has(name)

/** A resource (`Patient`), a datatype (`HumanName`) or a backbone element (`Patient.contact`); absent: there is none. */
export const structureOf = (path: string): Structure | undefined => structures()[path]

/** An element of a structure; absent: it has none of this name. */
export function elementAt(path: string, name: string): Element | undefined {
  const elements = structureOf(path)?.elements
  return elements && Object.hasOwn(elements, name) ? elements[name] : undefined
}

/** Whether there is such an element, by its name or by that of a choice in JSON, `valueQuantity`. */
export function hasElement(path: string, name: string): boolean {
  const elements = Object.entries(structureOf(path)?.elements ?? {})
  return elements.some(
    ([each, { choice, types }]) =>
      each === name || (choice && types.some(type => choiceKey(each, type) === name)),
  )
}

let names: { elements: ReadonlySet<string>; types: ReadonlySet<string> } | undefined

function allNames() {
  if (!names) {
    const elements = new Set<string>()
    const types = new Set<string>()
    for (const [path, structure] of Object.entries(structures())) {
      if (!path.includes('.')) types.add(path)
      for (const [name, element] of Object.entries(structure.elements)) {
        elements.add(name)
        for (const type of element.types) types.add(type)
      }
    }
    names = { elements, types }
  }
  return names
}

/** The names of all elements there are, those of a choice without a type. */
export const elementNames = (): ReadonlySet<string> => allNames().elements

/** Whether R4 has a resource, a datatype or a primitive type of this name. */
export const isTypeName = (name: string): boolean => allNames().types.has(name)

let choices: ReadonlyMap<string, string[]> | undefined

/** The types that an element `name[x]` of any structure may have; none where no such element exists. */
export function choiceTypes(name: string): readonly string[] {
  if (!choices) {
    const found = new Map<string, Set<string>>()
    for (const { elements } of Object.values(structures()))
      for (const [element, { choice, types }] of Object.entries(elements))
        if (choice) found.set(element, new Set([...(found.get(element) ?? []), ...types]))
    choices = new Map([...found].map(([element, types]) => [element, [...types]]))
  }
  return choices.get(name) ?? []
}

/** The name in JSON of an element `name[x]` with a value of this type: `valueQuantity`. */
export const choiceKey = (name: string, type: string): string =>
  name + type.charAt(0).toUpperCase() + type.slice(1)

/** The codes of a value set that a code element is bound to; absent: not known here. */
export const codesOf = (valueSet: string): string[] | undefined => codes()[valueSet]

/** The system of all codes of such a value set; absent: they are of several, or it is not known here. */
export const systemOf = (valueSet: string): string | undefined => systems()[valueSet]

/** Rules of an element as FHIRPath: key, severity, expression. */
export const invariantsOf = (path: string) => invariants()[path] ?? []

const byType = new Map<string, SearchParameterFacts[]>()

/** The search parameters of a type, those of all resources included. https://hl7.org/fhir/R4/searchparameter-registry.html */
export function searchParameters(type: string): readonly SearchParameterFacts[] {
  const known = byType.get(type)
  if (known) return known
  const bases = new Set([type, 'Resource', 'DomainResource'])
  const found = Object.entries(parameters())
    .filter(([, { base }]) => base.some(name => bases.has(name)))
    .map(([id, facts]) => ({ id, ...facts }))
  byType.set(type, found)
  return found
}

/** The parameters by which a resource of this type belongs to a compartment. https://hl7.org/fhir/R4/compartmentdefinition.html */
export const compartmentParameters = (compartment: string, type: string): readonly string[] =>
  compartmentTable()[compartment]?.[type] ?? []

/** Patient, Encounter and the like: what a compartment can be of. */
export const compartments = (): string[] => Object.keys(compartmentTable())

/** The types that may belong to one. */
export const compartmentTypes = (compartment: string): string[] =>
  Object.keys(compartmentTable()[compartment] ?? {})

/**
 * Compiles the facts of FHIR R4 out of the package hl7.fhir.r4.examples (CC0) into the JSON files beside this one:
 * `npm run definitions`. Running it again changes nothing.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type {
  CodeSystem,
  CodeSystemConcept,
  CompartmentDefinition,
  ElementDefinition,
  SearchParameter,
  StructureDefinition,
  ValueSet,
} from 'fhir/r4'
import type { Element, SearchParameterFacts, Structure } from '../definitions.ts'

type Facts = Record<string, unknown>

/** The content of each file, by name. */
export function compileDefinitions(): Record<string, string> {
  const folder = dirname(
    createRequire(import.meta.url).resolve('hl7.fhir.r4.examples/package.json'),
  )
  const read = <T>(prefix: string): T[] =>
    readdirSync(folder)
      .filter(file => file.startsWith(`${prefix}-`) && file.endsWith('.json'))
      .sort()
      .map(file => JSON.parse(readFileSync(join(folder, file), 'utf8')) as T)
  const structures = read<StructureDefinition>('StructureDefinition').filter(isBase)
  const bindings = new Set<string>()
  const { elements, invariants } = readStructures(structures, bindings)
  const sets = read<ValueSet>('ValueSet')
  return {
    'elements.json': print(elements),
    'invariants.json': print(invariants),
    'codes.json': print(readCodes(bindings, sets, read<CodeSystem>('CodeSystem'))),
    'systems.json': print(readSystems(bindings, sets)),
    'search-parameters.json': print(
      readSearchParameters(read<SearchParameter>('SearchParameter'), elements),
    ),
    'compartments.json': print(readCompartments(read('CompartmentDefinition'))),
  }
}

/** One record a line, so that a change of the definitions can be read. */
function print(facts: Facts): string {
  const lines = Object.entries(facts).map(
    ([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`,
  )
  return `{\n${lines.join(',\n')}\n}\n`
}

const isBase = (structure: StructureDefinition): boolean =>
  (structure.kind === 'resource' || structure.kind === 'complex-type') &&
  structure.derivation !== 'constraint' &&
  structure.url === `http://hl7.org/fhir/StructureDefinition/${structure.type}`

function readStructures(structures: StructureDefinition[], bindings: Set<string>) {
  const elements: Record<string, Structure> = {}
  const invariants: Record<string, [key: string, severity: string, expression: string][]> = {}
  for (const structure of structures.sort((a, b) => (a.type < b.type ? -1 : 1))) {
    elements[structure.type] = {
      kind: structure.abstract ? 'abstract' : structure.kind === 'resource' ? 'resource' : 'type',
      elements: {},
    }
    for (const definition of structure.snapshot?.element ?? []) {
      addInvariants(definition, structure.type, invariants)
      const cut = definition.path.lastIndexOf('.')
      if (cut < 0) continue
      const parent = definition.path.slice(0, cut)
      elements[parent] ??= { kind: 'backbone', elements: {} }
      const name = definition.path.slice(cut + 1).replace('[x]', '')
      elements[parent].elements[name] = readElement(definition, structure, bindings)
    }
  }
  return { elements, invariants }
}

function addInvariants(
  definition: ElementDefinition,
  type: string,
  invariants: Record<string, [string, string, string][]>,
): void {
  const own = (definition.constraint ?? []).filter(
    ({ source, expression }) => expression && (!source || source.endsWith(`/${type}`)),
  )
  if (own.length)
    invariants[definition.path] = own.map(({ key, severity, expression = '' }) => [
      key,
      severity,
      expression,
    ])
}

function readElement(
  definition: ElementDefinition,
  structure: StructureDefinition,
  bindings: Set<string>,
): Element {
  const types = (definition.type ?? []).map(type => typeCode(type, definition, structure))
  const targets = (definition.type ?? [])
    .flatMap(type => (type.code === 'Reference' ? (type.targetProfile ?? []) : []))
    .map(profile => profile.slice(profile.lastIndexOf('/') + 1))
    .filter(target => target !== 'Resource')
  const { binding } = definition
  const valueSet =
    binding?.strength === 'required' && types.includes('code')
      ? binding.valueSet?.split('|')[0]
      : undefined
  if (valueSet) bindings.add(valueSet)
  return {
    ...(definition.min ? { min: definition.min } : {}),
    ...(definition.max === '*' ? { many: true } : {}),
    ...(definition.max === '0' ? { none: true } : {}),
    ...(definition.path.endsWith('[x]') ? { choice: true } : {}),
    types: [...new Set(types)],
    ...(targets.length ? { targets: [...new Set(targets)] } : {}),
    ...(definition.contentReference ? { content: definition.contentReference.slice(1) } : {}),
    ...(valueSet ? { codes: valueSet } : {}),
    ...(definition.isSummary ? { summary: true } : {}),
    ...(definition.isModifier ? { modifier: true } : {}),
  }
}

function typeCode(
  type: { code: string },
  definition: ElementDefinition,
  structure: StructureDefinition,
): string {
  if (!type.code.startsWith('http://hl7.org/fhirpath/')) return type.code
  if (definition.path === 'Extension.url') return 'uri'
  return structure.kind === 'resource' && definition.path.split('.').length === 2 ? 'id' : 'string'
}

/** The codes of the value sets that elements of type code are bound to, where the package lists them all. */
function readCodes(urls: Set<string>, valueSets: ValueSet[], codeSystems: CodeSystem[]): Facts {
  const systems = new Map(codeSystems.map(system => [system.url, system]))
  const sets = new Map(valueSets.map(set => [set.url, set]))
  const all = (concepts: CodeSystemConcept[] = []): string[] =>
    concepts.flatMap(({ code, concept }) => [code, ...all(concept)])
  const expand = (url: string): string[] | undefined => {
    const compose = sets.get(url)?.compose
    if (!compose || compose.exclude) return undefined
    const codes: string[] = []
    for (const include of compose.include) {
      const system = systems.get(include.system ?? '')
      if (include.filter) return undefined
      if (include.concept) codes.push(...include.concept.map(({ code }) => code))
      else if (include.valueSet) {
        const inner = include.valueSet.map(expand)
        if (inner.includes(undefined)) return undefined
        codes.push(...inner.flatMap(list => list ?? []))
      } else if (system?.content === 'complete') codes.push(...all(system.concept))
      else return undefined
    }
    return [...new Set(codes)]
  }
  const facts: Facts = {}
  for (const url of [...urls].sort()) {
    const codes = expand(url)
    if (codes?.length) facts[url] = codes
  }
  return facts
}

/** The system of each value set whose codes are all of one. */
function readSystems(urls: Set<string>, valueSets: ValueSet[]): Facts {
  const sets = new Map(valueSets.map(set => [set.url, set]))
  const systemsOf = (url: string): (string | undefined)[] =>
    sets
      .get(url)
      ?.compose?.include.flatMap(({ system, valueSet }) =>
        system ? [system] : (valueSet?.flatMap(systemsOf) ?? [undefined]),
      ) ?? [undefined]
  return Object.fromEntries(
    [...urls].sort().flatMap(url => {
      const [system, ...others] = new Set(systemsOf(url))
      return system && others.length === 0 ? [[url, system]] : []
    }),
  )
}

function readSearchParameters(parameters: SearchParameter[], elements: object): Facts {
  const facts: Record<string, Omit<SearchParameterFacts, 'id'>> = {}
  const base = parameters.filter(
    ({ url, expression, type }) =>
      url.startsWith('http://hl7.org/fhir/SearchParameter/') && (expression || type === 'special'),
  )
  const codes = new Map(base.map(parameter => [parameter.url, parameter.code]))
  for (const parameter of base) {
    const types = parameter.base.filter(type => Object.hasOwn(elements, type))
    const id = parameter.url.slice(parameter.url.lastIndexOf('/') + 1)
    if (types.length === 0 || /^(example|.*-extensions)/.test(id)) continue
    facts[id] = {
      code: parameter.code,
      base: types,
      type: parameter.type,
      expression: parameter.expression ?? '',
      ...(parameter.target ? { target: parameter.target } : {}),
      ...(parameter.component
        ? {
            components: parameter.component.map(({ definition, expression }) => ({
              code: codes.get(definition) ?? definition,
              expression: mended(parameter, expression),
            })),
          }
        : {}),
    }
  }
  return facts
}

/** Two are published in a way that finds nothing: a type that FHIR does not have, and two expressions for each other. */
function mended({ id }: SearchParameter, expression: string): string {
  if (id === 'DocumentReference-relationship') return expression === 'code' ? 'target' : 'code'
  return expression.replaceAll('as(DateTime)', 'as(dateTime)')
}

function readCompartments(definitions: CompartmentDefinition[]): Facts {
  const facts: Facts = {}
  for (const { code, url, resource = [] } of definitions) {
    if (!url.startsWith('http://hl7.org/fhir/CompartmentDefinition/') || url.endsWith('/example'))
      continue
    facts[code] = Object.fromEntries(
      resource.flatMap(({ code: type, param }) => (param ? [[type, param]] : [])),
    )
  }
  return facts
}

if (process.argv[1]?.endsWith('definitions/compile.ts'))
  for (const [name, content] of Object.entries(compileDefinitions()))
    writeFileSync(new URL(name, import.meta.url), content)

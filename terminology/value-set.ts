/** From a value set's definition to its codes. https://hl7.org/fhir/R4/valueset.html#compose */
import type { ValueSet, ValueSetComposeInclude, ValueSetExpansionContains } from 'fhir/r4'
import { codesOf, systemOf } from '../resources/definitions.ts'
import { FhirError, issue, rejected, tooCostly, unsupported } from '../resources/error.ts'
import { isInactive, type System } from './code-system.ts'
import { type CodeSets, difference, intersection, mostCodes, union } from './codes.ts'
import { compileFilter } from './filter.ts'
import { type Library, splitCanonical } from './library.ts'

/** How many value sets one may import through each other. */
const mostImports = 200

interface Work {
  library: Library
  /** The names from the one asked for down to this one: an import of one of them would never end. */
  within: string[]
  /** Those that are expanded already. */
  done: Map<string, CodeSets>
}

export const expandValueSet = (library: Library, name: string): Promise<CodeSets> =>
  expandNamed(name, { library, within: [], done: new Map() })

async function expandNamed(name: string, work: Work): Promise<CodeSets> {
  const known = work.done.get(name)
  if (known) return known
  if (work.done.size >= mostImports)
    throw tooCostly(`the value set imports more than ${mostImports} others`)
  const found = await work.library.valueSet(name)
  const expanded = found ? await expandFound(found, name, work) : compiled(name, work)
  work.done.set(name, expanded)
  return expanded
}

async function expandFound(found: ValueSet, name: string, outer: Work): Promise<CodeSets> {
  const key = found.id ?? name
  if (outer.within.includes(key))
    throw rejected([
      issue(
        'processing',
        `the value set ${found.url ?? key} imports itself, by way of others or not`,
      ),
    ])
  const work = { ...outer, within: [...outer.within, key] }
  if (!found.compose) return listed(found)
  try {
    return await composed(found.compose, work)
  } catch (error) {
    // Whoever expanded it had what is missing here.
    if (!(error instanceof FhirError) || !isWhole(found)) throw error
    return listed(found)
  }
}

/** The codes of R4's own value sets that this program checks resources with. */
function compiled(name: string, { within }: Work): CodeSets {
  const { url, version } = splitCanonical(name)
  const codes = version === undefined || version === '4.0.1' ? codesOf(url) : undefined
  const system = systemOf(url)
  if (codes && system) return new Map([[system, new Set(codes)]])
  throw rejected([
    issue(
      'not-found',
      within.length === 0
        ? 'the value set is not stored here: store it, or ask for its codes themselves'
        : `the value set imports ${name}, which is not stored here: store it`,
    ),
  ])
}

async function composed(
  { include, exclude = [], inactive }: NonNullable<ValueSet['compose']>,
  work: Work,
): Promise<CodeSets> {
  const each = (parts: ValueSetComposeInclude[]) => inTurn(parts, part => selected(part, work))
  const all = union(await each(include))
  const rest = exclude.length === 0 ? all : difference(all, union(await each(exclude)))
  return inactive === false ? withoutInactive(rest, work.library) : rest
}

async function inTurn<T, R>(items: T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (const item of items) results.push(await run(item))
  return results
}

/** All that is said in one include must hold. */
async function selected(part: ValueSetComposeInclude, work: Work): Promise<CodeSets> {
  const imported = await inTurn(part.valueSet ?? [], name => expandNamed(name, work))
  const own =
    part.system === undefined
      ? []
      : [
          part.valueSet && !part.concept && !part.filter
            ? anyOf(part.system)
            : await ofSystem(part, part.system, work.library),
        ]
  const [first, ...others] = [...own, ...imported]
  if (!first)
    throw rejected([issue('invalid', 'a value set has an include without a system and value set')])
  return others.reduce(intersection, first)
}

/** What it imports tells which: the system need not be known. */
const anyOf = (system: string): CodeSets => new Map([[system, 'all']])

async function ofSystem(
  { concept, filter, version }: ValueSetComposeInclude,
  url: string,
  library: Library,
): Promise<CodeSets> {
  if (concept) return new Map([[url, new Set(concept.map(({ code }) => code))]])
  const asked = version === undefined || version === '*' ? undefined : version
  const system = await library.codeSystem(url, asked)
  if (!system) return wholeCompiled(url, filter !== undefined)
  if (!filter) return new Map([[url, wholeOf(system)]])
  refuseParts(system)
  const holds = await inTurn(filter, each => compileFilter(each, system))
  const codes = [...system.concepts.values()]
    .filter(each => holds.every(held => held(each)))
    .map(({ code }) => code)
  return new Map([[url, new Set(codes)]])
}

function wholeOf(system: System): ReadonlySet<string> | 'all' {
  refuseParts(system)
  return system.concepts.size > mostCodes ? 'all' : new Set(system.concepts.keys())
}

function refuseParts({ complete, url }: System): void {
  if (!complete)
    throw unsupported(
      `the content of the stored code system ${url} is not complete, so it cannot tell the codes of the value set: store all of it, or ask for any code of it (${url}|)`,
    )
}

/** R4 publishes most of its code systems together with a value set of all their codes. */
function wholeCompiled(url: string, filtered: boolean): CodeSets {
  const set = url.replace('http://hl7.org/fhir/', 'http://hl7.org/fhir/ValueSet/')
  const codes = !filtered && set !== url && systemOf(set) === url ? codesOf(set) : undefined
  if (codes) return new Map([[url, new Set(codes)]])
  throw rejected([
    issue(
      'not-found',
      `the value set needs the code system ${url}, which is not stored here: store it, or ask for any code of it (${url}|)`,
    ),
  ])
}

async function withoutInactive(sets: CodeSets, library: Library): Promise<CodeSets> {
  const inactive: CodeSets = new Map()
  for (const system of sets.keys()) {
    const concepts = (await library.codeSystem(system))?.concepts.values() ?? []
    inactive.set(system, new Set([...concepts].filter(isInactive).map(({ code }) => code)))
  }
  return difference(sets, inactive)
}

/** It has all codes that it says there are. */
function isWhole({ expansion }: ValueSet): boolean {
  if (!expansion?.contains) return false
  const partial = (expansion.extension ?? []).some(({ url }) => /toocostly|unclosed/.test(url))
  return !partial && (expansion.total ?? 0) <= contained(expansion.contains).length
}

/** The codes of an expansion that came with the value set. */
function listed(found: ValueSet): CodeSets {
  const { expansion } = found
  if (!isWhole(found) || !expansion?.contains)
    throw rejected([
      issue(
        'incomplete',
        `the value set ${found.url ?? `ValueSet/${found.id}`} has no definition (compose) and no whole expansion`,
      ),
    ])
  return union(
    contained(expansion.contains).map(
      ({ system = '', code = '' }) => new Map([[system, new Set([code])]]),
    ),
  )
}

function contained(entries: ValueSetExpansionContains[]): ValueSetExpansionContains[] {
  const all = [...entries]
  for (const { contains } of all) if (contains) all.push(...contains)
  return all.filter(({ code }) => code !== undefined)
}

/** https://hl7.org/fhir/R4/http.html#capabilities: made from the tables that answer, so that it says what is true. */
import { createHash } from 'node:crypto'
import type {
  CapabilityStatement,
  CapabilityStatementRestResource,
  CapabilityStatementRestResourceOperation,
  OperationDefinition,
  TerminologyCapabilities,
} from 'fhir/r4'
import type { Context } from '../../resources/context.ts'
import { compartments, resourceTypes } from '../../resources/definitions.ts'
import { invalid } from '../../resources/error.ts'
import { printJson } from '../../resources/json.ts'
import type { Known } from '../../resources/parameters.ts'
import { includesFrom, includesTo } from '../../resources/search/include.ts'
import { offersOf } from '../../resources/search/offers.ts'
import { type NamedQuery, queries, queriesOf } from '../../resources/search/queries.ts'
import { isUnchanged } from '../conditions.ts'
import { formats, patchFormats } from '../formats.ts'
import type { Interaction, Parts } from '../interactions.ts'
import type { Operation } from '../operations.ts'
import { reduce, subsetOf } from '../summary.ts'

/** The answer as text with its tag: made once, because in it only the tenant's own search parameters change. */
interface Printed {
  json: string
  etag: string
  /** Those that were ready then, and since when (ms). */
  ready: string
  at: number
}

/** By the tenant, the base and the mode asked for. */
const printed = new WeakMap<Parts, Map<string, Printed>>()

export const capabilities: Interaction = async (request, context, parts) => {
  const mode = request.query.find(([name]) => name === 'mode')?.[1] ?? 'full'
  const make = Object.hasOwn(modes, mode) ? modes[mode] : undefined
  if (!make) throw invalid(`mode takes one of ${Object.keys(modes).join(', ')}`)
  const subset = subsetOf(request)
  const own = await parts.parameters.fresh(context)
  const made = { name: `${context.tenant} ${mode} ${request.base}`, ready: own.ready }
  const { json, etag, at } = print(parts, context, made, () => make(parts, request.base, own))
  const headers = { ETag: etag, 'Last-Modified': new Date(at).toUTCString() }
  if (isUnchanged(request, etag, at)) return { status: 304, headers }
  return subset
    ? { status: 200, headers, resource: reduce(json, subset) }
    : { status: 200, headers, json }
}

function print(
  parts: Parts,
  context: Context,
  { name, ready }: { name: string; ready: string },
  make: () => unknown,
): Printed {
  const all = printed.get(parts) ?? new Map<string, Printed>()
  printed.set(parts, all)
  const known = all.get(name)
  if (known?.ready === ready) return known
  const json = printJson(make())
  const etag = `W/"${createHash('sha256').update(json).digest('base64url').slice(0, 16)}"`
  const made = { json, etag, ready, at: known ? context.now() : parts.started }
  all.set(name, made)
  return made
}

const common = (parts: Parts, base: string) => ({
  status: 'active' as const,
  date: new Date(parts.started).toISOString(),
  kind: 'instance' as const,
  software: { name: 'Nidaan', version: parts.version },
  implementation: { description: 'Nidaan health data server', url: base },
})

const statement = (parts: Parts, base: string, own: Known): CapabilityStatement => ({
  resourceType: 'CapabilityStatement',
  contained: queries.map(definitionOf),
  ...common(parts, base),
  fhirVersion: '4.0.1',
  format: formats.flatMap(format => format.names),
  patchFormat: patchFormats,
  rest: [
    {
      mode: 'server',
      documentation:
        'What R4 defines and this server does not do yet is answered with 422 and says so.',
      security: { cors: parts.corsOrigins.size > 0 },
      resource: [...resourceTypes()].map(type => resourceOf(type, parts, own)),
      interaction: systemInteractions.map(code => ({ code })),
      searchParam: paramsOf(undefined, own),
      compartment: compartments().map(
        name => `http://hl7.org/fhir/CompartmentDefinition/${name.toLowerCase()}`,
      ),
      ...operationsOf(parts.operations.filter(({ on }) => on.system)),
    },
  ],
})

/** What this server knows of code systems and value sets: nothing by itself yet. */
const terminologyStatement = (parts: Parts, base: string): TerminologyCapabilities => ({
  resourceType: 'TerminologyCapabilities',
  ...common(parts, base),
})

/** https://hl7.org/fhir/R4/http.html#capabilities: all that is said here belongs to the normative part. */
const modes: Readonly<Record<string, (parts: Parts, base: string, own: Known) => unknown>> = {
  full: statement,
  normative: statement,
  terminology: terminologyStatement,
}

const systemInteractions = ['transaction', 'batch', 'history-system', 'search-system'] as const

const interactions = [
  'read',
  'vread',
  'update',
  'patch',
  'delete',
  'history-instance',
  'history-type',
  'create',
  'search-type',
] as const

function resourceOf(type: string, parts: Parts, own: Known): CapabilityStatementRestResource {
  const of = ({ on }: Operation) => on.type?.includes(type) || on.instance?.includes(type)
  return {
    type,
    profile: `http://hl7.org/fhir/StructureDefinition/${type}`,
    ...(type === 'Binary' ? { documentation: ofContent } : {}),
    interaction: interactions.map(code => ({ code })),
    versioning: 'versioned-update',
    readHistory: true,
    updateCreate: true,
    conditionalCreate: true,
    conditionalRead: 'full-support',
    conditionalUpdate: true,
    conditionalDelete: parts.maxDelete > 1 ? 'multiple' : 'single',
    referencePolicy: [
      'literal',
      'logical',
      ...(parts.referentialIntegrity ? (['enforced'] as const) : []),
    ],
    searchInclude: ['*', ...includesFrom(type, own)],
    searchRevInclude: ['*', ...includesTo(type, own)],
    searchParam: paramsOf(type, own),
    ...operationsOf(parts.operations.filter(of), queriesOf(type)),
  }
}

/** https://hl7.org/fhir/R4/binary.html#rest */
const ofContent =
  'Read and written as content in its own type too: by Accept and Content-Type, with X-Security-Context.'

/** FHIR has no element for modifiers, nor for the types that a chain may lead to. */
const paramsOf = (type: string | undefined, own: Known) =>
  offersOf(type, own).map(({ code, type: kind, definition, modifiers, targets }) => {
    const documentation = [
      ...(modifiers.length ? [`Modifiers: ${modifiers.join(', ')}.`] : []),
      ...(targets.length ? [`Types: ${targets.join(', ')}.`] : []),
    ].join(' ')
    return {
      name: code,
      ...(definition === undefined ? {} : { definition }),
      type: kind as 'token',
      ...(documentation ? { documentation } : {}),
    }
  })

/** Operations, and queries by their names. An empty array is not valid in FHIR. */
function operationsOf(
  found: readonly Operation[],
  named: readonly NamedQuery[] = [],
): { operation?: CapabilityStatementRestResourceOperation[] } {
  if (found.length + named.length === 0) return {}
  return {
    operation: [
      ...found.map(({ code, definition }) => ({ name: code, definition })),
      ...named.map(query => ({ name: query.name, definition: `#${query.type}-${query.name}` })),
    ],
  }
}

/** https://hl7.org/fhir/R4/operationdefinition.html */
const definitionOf = ({ type, name, documentation }: NamedQuery): OperationDefinition => ({
  resourceType: 'OperationDefinition',
  id: `${type}-${name}`,
  name: type + name.charAt(0).toUpperCase() + name.slice(1),
  status: 'active',
  kind: 'query',
  description: documentation,
  code: name,
  resource: [type],
  system: false,
  type: true,
  instance: false,
})

/** https://hl7.org/fhir/R4/http.html#capabilities: made from the tables that answer, so that it says what is true. */
import type { CapabilityStatement, CapabilityStatementRestResource } from 'fhir/r4'
import { resourceTypes } from '../../resources/definitions.ts'
import { invalid } from '../../resources/error.ts'
import type { Resource } from '../../resources/resource.ts'
import { searchableParameters } from '../../resources/search.ts'
import type { Interaction, Parts } from '../interactions.ts'
import { patchFormats } from '../writes.ts'

export const capabilities: Interaction = async (request, _context, parts) => {
  const mode = request.query.find(([name]) => name === 'mode')?.[1] ?? 'full'
  const headers = { ETag: `W/"${parts.version}"` }
  if (mode === 'terminology')
    return { status: 200, headers, resource: terminologyStatement(parts, request.base) }
  if (mode !== 'full' && mode !== 'normative')
    throw invalid('mode takes full, normative or terminology')
  return {
    status: 200,
    headers,
    resource: statement(parts, request.base) as unknown as Resource,
  }
}

const common = (parts: Parts) => ({
  status: 'active' as const,
  date: new Date(parts.started).toISOString(),
  kind: 'instance' as const,
  software: { name: 'Nidaan', version: parts.version },
})

function statement(parts: Parts, base: string): CapabilityStatement {
  return {
    resourceType: 'CapabilityStatement',
    ...common(parts),
    implementation: { description: 'Nidaan health data server', url: base },
    fhirVersion: '4.0.1',
    format: ['json', 'application/fhir+json'],
    patchFormat: patchFormats,
    rest: [
      {
        mode: 'server',
        documentation:
          'What R4 defines and this server does not do yet is answered with 422 and says so.',
        resource: [...resourceTypes()].map(type => resourceOf(type, parts)),
        interaction: [
          { code: 'transaction' },
          { code: 'batch' },
          { code: 'history-system' },
          { code: 'search-system' },
        ],
        searchParam: paramsOf('Resource'),
      },
    ],
  }
}

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

function resourceOf(type: string, parts: Parts): CapabilityStatementRestResource {
  return {
    type,
    profile: `http://hl7.org/fhir/StructureDefinition/${type}`,
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
      'local',
      ...(parts.referentialIntegrity ? (['enforced'] as const) : []),
    ],
    searchParam: paramsOf(type),
  }
}

const paramsOf = (type: string) =>
  [...searchableParameters(type).values()].map(facts => ({
    name: facts.code,
    type: facts.type as 'token',
  }))

const terminologyStatement = (parts: Parts, base: string): Resource => ({
  resourceType: 'TerminologyCapabilities',
  ...common(parts),
  implementation: { description: 'Nidaan health data server', url: base },
})

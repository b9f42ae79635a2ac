import { parseStored } from '../resources/json.ts'
import type { Known, Parameters } from '../resources/parameters.ts'
import type { Resource } from '../resources/resource.ts'
import type { Extract, Knowledge, Tenant } from '../resources/store.ts'

interface Parts {
  parameters: Parameters
  tenants: Tenant[]
  extract(resource: Resource): Extract
  /** Names the revision of the extraction, and what it depends on. */
  extractor: string
}

/** What search values the resources in a store should have now, those of the tenants' own parameters included. */
export async function knowledgeOf(parts: Parts): Promise<Knowledge & { doubts: string[] }> {
  const { parameters, tenants, extract, extractor } = parts
  const known = new Map<Tenant, Known>()
  const doubts: string[] = []
  for (const tenant of tenants) {
    const one = await parameters.changed(tenant)
    const { base } = one
    if (base?.state.state === 'ready' && base.state.extractor === extractor) known.set(tenant, one)
    else
      doubts.push(
        `what searches of ${tenant} look at was made by another version of the program, or with another TIME_ZONE, or is being made anew: it is not looked at`,
      )
    for (const { state } of one.indexes)
      if (state.state !== 'ready')
        doubts.push(`the parameter ${state.facts.code} is being indexed: it is not looked at`)
  }
  const spaces = new Set(tenants.map(parameters.space))
  return {
    doubts,
    extract(tenant, { json = '' }) {
      if (spaces.has(tenant)) return { rows: [], present: [] }
      const resource = parseStored(json) as Resource
      return known.get(tenant)?.complete(resource, extract(resource))
    },
    unsure: tenant =>
      (known.get(tenant)?.indexes ?? [])
        .filter(({ state }) => state.state !== 'ready')
        .map(({ state }) => state.rows),
  }
}

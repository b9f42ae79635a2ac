/** What resources in a store should be found by: by the parameters of R4, and the tenants' own. */
import { parseStored } from '../resources/json.ts'
import type { Known, Parameters } from '../resources/parameters.ts'
import type { Resource } from '../resources/resource.ts'
import type { Extract, Knowledge, Tenant, Version } from '../resources/store.ts'
import { isSpace } from './tenants.ts'

type Extractor = (resource: Resource) => Extract

/** What the program keeps for itself is found by its name only. */
const nothing = (): Extract => ({ rows: [], present: [] })

function make(known: Known, extract: Extractor, { json = '' }: Version): Extract {
  const resource = parseStored(json) as Resource
  return known.complete(resource, extract(resource))
}

/** Of any resource of any tenant. */
export function createMaker(
  parameters: Parameters,
  extract: Extractor,
): (tenant: Tenant, version: Version) => Promise<Extract> {
  const all = new Map<Tenant, Promise<Known>>()
  return async (tenant, version) => {
    if (isSpace(tenant)) return nothing()
    const known = all.get(tenant) ?? parameters.changed(tenant)
    all.set(tenant, known)
    return make(await known, extract, version)
  }
}

/** Of those that are not being made anew; the others are named among the doubts. */
export async function knowledgeOf(parts: {
  parameters: Parameters
  tenants: Tenant[]
  extract: Extractor
  /** Names the revision of the extraction, and what it depends on. */
  extractor: string
}): Promise<Knowledge & { doubts: string[] }> {
  const { parameters, tenants, extract, extractor } = parts
  const all = new Map<Tenant, Known>()
  const doubts: string[] = []
  for (const tenant of tenants) {
    const known = await parameters.changed(tenant)
    const { base } = known
    if (base?.state.state === 'ready' && base.state.extractor === extractor) all.set(tenant, known)
    else
      doubts.push(
        `what searches of ${tenant} look at was made by another version of the program, or with another TIME_ZONE or BASE_URL, or is being made anew: it is not looked at`,
      )
    for (const { state } of known.indexes)
      if (state.state !== 'ready')
        doubts.push(`the parameter ${state.facts.code} is being indexed: it is not looked at`)
  }
  return {
    doubts,
    extract(tenant, version) {
      if (isSpace(tenant)) return nothing()
      const known = all.get(tenant)
      return known && make(known, extract, version)
    },
    unsure: tenant =>
      (all.get(tenant)?.indexes ?? [])
        .filter(({ state }) => state.state !== 'ready')
        .map(({ state }) => state.rows),
  }
}

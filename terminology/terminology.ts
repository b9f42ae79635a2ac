/** The Terminology port over the code systems and value sets that are stored. */

import type { Codes, Terminology } from '../resources/ports.ts'
import type { Store, Tenant } from '../resources/store.ts'
import { reach } from './code-system.ts'
import { printCodes, sizeOf } from './codes.ts'
import { createLibrary, type Library } from './library.ts'
import { expandValueSet } from './value-set.ts'

interface Kept {
  /** The last ones to what it was made of. */
  changes: string
  library: Library
  expanded: Map<string, Promise<Codes[]>>
  /** How many codes are kept. */
  size: number
}

const mostTenants = 100
/** Codes that are kept of each tenant. */
const mostKept = 500_000

/** What was read is kept for as long as the tenant's code systems and value sets stay as they are. */
export function createTerminology(store: Store, base: () => string): Terminology {
  const byTenant = new Map<Tenant, Kept>()

  async function keptOf(tenant: Tenant): Promise<Kept> {
    const changes = await store.lastChanges(tenant, ['CodeSystem', 'ValueSet'])
    const known = byTenant.get(tenant)
    if (known?.changes === changes && known.size <= mostKept) return known
    const fresh = {
      changes,
      library: createLibrary(store, tenant, base),
      expanded: new Map(),
      size: 0,
    }
    byTenant.delete(tenant)
    byTenant.set(tenant, fresh)
    for (const oldest of byTenant.keys()) {
      if (byTenant.size <= mostTenants) break
      byTenant.delete(oldest)
    }
    return fresh
  }

  async function expand(kept: Kept, name: string): Promise<Codes[]> {
    const sets = await expandValueSet(kept.library, name)
    kept.size += sizeOf(sets) + 100
    return printCodes(sets)
  }

  async function related(
    tenant: Tenant,
    { system: url, code }: { system: string; code: string },
    along: 'children' | 'parents',
  ): Promise<string[]> {
    const system = await (await keptOf(tenant)).library.codeSystem(url)
    return system?.isA ? [...reach(system, code, along)] : [code]
  }

  return {
    async expand({ tenant }, name) {
      const kept = await keptOf(tenant)
      let codes = kept.expanded.get(name)
      if (!codes) {
        codes = expand(kept, name)
        kept.expanded.set(name, codes)
        // A failure may be of the moment: the next one tries again.
        codes.catch(() => kept.expanded.delete(name))
      }
      return codes
    },
    below: ({ tenant }, code) => related(tenant, code, 'children'),
    above: ({ tenant }, code) => related(tenant, code, 'parents'),
  }
}

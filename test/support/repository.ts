/** A repository on a SQLite file, without HTTP and threads. */
import { openSqlite } from '../../adapters/sqlite/store.ts'
import { createStructureValidator } from '../../profiles/structure.ts'
import type { Context } from '../../resources/context.ts'
import { createParameters } from '../../resources/parameters.ts'
import { applyPatch } from '../../resources/patch.ts'
import { createRepository } from '../../resources/repository.ts'
import type { Resource } from '../../resources/resource.ts'
import type { Home } from '../../resources/search/type.ts'
import { createExtractor } from '../../resources/search.ts'
import { spaceOf, tenantOf } from '../../server/tenants.ts'

const validator = createStructureValidator()

export async function openRepository(file: string, home: Home, clock: { now: number }) {
  const context: Context = {
    tenant: tenantOf(),
    requestId: 'test',
    now: () => clock.now,
    newId: () => 'none',
  }
  const store = await openSqlite({ file, threads: false, now: () => clock.now })
  const repository = createRepository({
    store,
    validator,
    extract: createExtractor(home),
    parameters: createParameters(store, spaceOf, home),
    applyPatch,
    parseCriteria: () => Promise.reject(new Error('there are no criteria')),
    base: () => 'http://127.0.0.1/fhir',
    referentialIntegrity: false,
  })
  return {
    store,
    tenant: context.tenant,
    async put(resource: Resource): Promise<void> {
      const { resourceType: type, id = '' } = resource
      await repository.write(context, { kind: 'update', type, id, resource })
    },
    /** Also what never was. */
    async remove({ resourceType: type, id = '' }: Resource): Promise<void> {
      if (await store.read(context.tenant, type, id))
        await repository.write(context, { kind: 'delete', type, id })
    },
  }
}

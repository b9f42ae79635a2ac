/** Where code systems and value sets are found: among what is stored. https://hl7.org/fhir/R4/references.html#canonical */
import type { CodeSystem, ValueSet } from 'fhir/r4'
import { parseStored } from '../resources/json.ts'
import type { Predicate } from '../resources/search/query.ts'
import type { Store, Tenant } from '../resources/store.ts'
import { readSystem, type System } from './code-system.ts'

export interface Library {
  /** The value set of a URL (`|version` may follow), a `urn:oid:…` or `ValueSet/id`. */
  valueSet(name: string): Promise<ValueSet | undefined>
  codeSystem(url: string, version?: string): Promise<System | undefined>
}

/** Of several versions with one URL the answer is the best one: see `better`. */
const mostVersions = 100

export function createLibrary(store: Store, tenant: Tenant, base: () => string): Library {
  const systems = new Map<string, Promise<System | undefined>>()

  async function stored<T>(type: string, id: string): Promise<T[]> {
    const version = await store.read(tenant, type, id)
    return version?.json === undefined ? [] : [parseStored(version.json) as T]
  }

  async function named<T extends CodeSystem | ValueSet>(
    type: T['resourceType'],
    url: string,
    version: string | undefined,
  ): Promise<T | undefined> {
    const byUrl: Predicate = { kind: 'uri', param: 'url', uri: url, match: 'exact' }
    const byNumber: Predicate = {
      kind: 'token',
      param: 'identifier',
      system: 'urn:ietf:rfc:3986',
      code: url,
    }
    const { versions } = await store.search(tenant, {
      types: [type],
      where: [url.startsWith('urn:') ? { kind: 'or', any: [byUrl, byNumber] } : byUrl],
      sort: [{ by: 'updated', descending: true }],
      count: mostVersions,
    })
    return versions
      .map(({ json = '' }) => parseStored(json) as T)
      .filter(each => version === undefined || each.version === version)
      .reduce<T | undefined>((best, each) => (best && !better(each, best) ? best : each), undefined)
  }

  return {
    async valueSet(name) {
      const { url, version } = splitCanonical(name)
      const here = `${base()}/`
      const local = url.startsWith(here) ? url.slice(here.length) : url
      const id = /^ValueSet\/([A-Za-z0-9.-]{1,64})$/.exec(local)?.[1]
      const found = id ? (await stored<ValueSet>('ValueSet', id))[0] : undefined
      return found ?? named<ValueSet>('ValueSet', url, version)
    },
    codeSystem(url, version) {
      const name = version === undefined ? url : `${url}|${version}`
      let system = systems.get(name)
      if (!system) {
        system = named<CodeSystem>('CodeSystem', url, version).then(
          found => found && { ...readSystem(found), url },
        )
        systems.set(name, system)
      }
      return system
    },
  }
}

export function splitCanonical(name: string): { url: string; version?: string } {
  const cut = name.indexOf('|')
  return cut < 0 ? { url: name } : { url: name.slice(0, cut), version: name.slice(cut + 1) }
}

/** What is active, then the higher version, then what was written last (that came first). */
function better(a: CodeSystem | ValueSet, b: CodeSystem | ValueSet): boolean {
  const active = Number(a.status === 'active') - Number(b.status === 'active')
  return active !== 0 ? active > 0 : compareVersions(a.version ?? '', b.version ?? '') > 0
}

/** `1.10` is above `1.9`, and `2024-10` above `2024-9`. */
const compareVersions = (a: string, b: string): number =>
  a.localeCompare(b, 'en', { numeric: true })

/** What must hold of the versions of one resource. */
import type { Finding, Tenant } from '../../../resources/store.ts'
import { idOf, nameIn, nameOf, resourceIn, type Stored, valueNames } from '../document.ts'
import { toVersion } from '../read.ts'

/** As the driver gives it. */
export type Found = Omit<Stored, 'body'> & { body?: Uint8Array }

/** All versions of a resource, oldest first. */
export interface Group {
  name: string
  tenant: Tenant
  type: string
  id: string
  versions: Found[]
}

export const groupOf = (versions: Found[]): Group => {
  const name = nameIn(versions[0]?._id ?? '')
  const { t: tenant = '' as Tenant, ty: type = '' } = versions[0] ?? {}
  return { name, tenant, type, id: resourceIn(name), versions }
}

export const findingOn = ({ tenant, type, id }: Group, what: string, number?: number): Finding => ({
  tenant,
  on: `${type}/${id}${number === undefined ? '' : ` version ${number}`}`,
  what,
})

/** What was superseded has no values any more after so long, ms: links to pages have long ended. */
const valuesLive = 24 * 3_600_000

export function* inspectVersions(group: Group, now: number): Iterable<Finding> {
  const { name, versions } = group
  const [first] = versions
  if (name !== nameOf(group.tenant, group.type, group.id))
    yield findingOn(group, 'stands under another name than its own')
  for (const [index, version] of versions.entries()) {
    const tell = (what: string) => findingOn(group, what, version.v)
    const next = versions[index + 1]
    if (version.v !== index + 1 || version._id !== idOf(name, version.v))
      yield tell(`stands in the place of version ${index + 1}`)
    if (version.t !== first?.t || version.ty !== first.ty)
      yield tell('is of another tenant or type')
    if (version.c !== first?.s) yield tell('has another beginning than version 1')
    if (next) yield* inspectSuperseded(version, next, { now, tell })
    else {
      if (version.n !== name) yield tell('is the newest one, and not found as such')
      if (version.u !== undefined || version.end !== undefined || version.old)
        yield tell('is the newest one, and said to be superseded')
      if (!version.body && valueNames.some(each => version[each] !== undefined))
        yield tell('is a delete, and searches find it')
    }
    if (version.body && !isAsNamed(version, group))
      yield tell('has another id, type, version or time in its text')
  }
}

function* inspectSuperseded(
  version: Found,
  next: Found,
  { now, tell }: { now: number; tell(what: string): Finding },
): Iterable<Finding> {
  if (version.n !== undefined) yield tell('is superseded, and found as the newest one')
  if (version.u !== next.s || version.end !== next.at)
    yield tell('is not superseded by the version after it')
  if (next.s <= version.s || next.at < version.at) yield tell('is younger than the one after it')
  if (valueNames.some(each => version[each] !== undefined))
    yield tell('is superseded, and searches find it')
  if (version.old && next.at < now - valuesLive)
    yield tell('was superseded long ago, and still has values')
}

/** The program's own states have no meta. */
function isAsNamed(version: Found, { type, id }: Group): boolean {
  const { v, at } = version
  try {
    const { resourceType, id: ownId, meta } = JSON.parse(toVersion(version).json ?? '')
    const same =
      meta === undefined ||
      (meta.versionId === String(v) && meta.lastUpdated === new Date(at).toISOString())
    return resourceType === type && ownId === id && same
  } catch {
    return false
  }
}

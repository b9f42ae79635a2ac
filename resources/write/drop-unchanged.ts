import { isObject, type Meta, type Resource } from '../resource.ts'
import type { Step } from './draft.ts'

/** An update or patch that changes nothing makes no version. What the server sets itself does not count. */
export const dropUnchanged: Step = draft => {
  const { current, after, before } = draft
  if (!current || !after || !before) return
  if (same(content(current), content(after)))
    draft.settled = { status: 200, version: before, changed: false }
}

function content(resource: Resource): Resource {
  const { id: _, meta, ...rest } = resource
  const { versionId: _v, lastUpdated: _l, ...own } = (meta ?? {}) as Meta
  return { ...rest, ...(Object.keys(own).length ? { meta: own } : {}) } as Resource
}

/** Equal as FHIR sees it: the order of keys means nothing, the digits of a decimal do. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false
    return a.every((item, index) => same(item, b[index]))
  }
  if (!isObject(a) || !isObject(b)) return false
  if (JSON.isRawJSON(a) || JSON.isRawJSON(b))
    return JSON.isRawJSON(a) && JSON.isRawJSON(b) && a.rawJSON === b.rawJSON
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every(key => Object.hasOwn(b, key) && same(a[key], b[key]))
}

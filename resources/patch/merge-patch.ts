/** RFC 7396, https://www.rfc-editor.org/rfc/rfc7396 */
import { invalid } from '../error.ts'
import { isObject, type Resource } from '../resource.ts'
import { copyTree } from './tree.ts'

export function mergePatch(resource: Resource, body: unknown): unknown {
  if (!isObject(body) || JSON.isRawJSON(body)) throw invalid('a JSON Merge Patch is an object')
  return merge(resource, body)
}

function merge(target: unknown, patch: unknown): unknown {
  if (!isObject(patch) || JSON.isRawJSON(patch)) return copyTree(patch)
  const merged: Record<string, unknown> =
    isObject(target) && !JSON.isRawJSON(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch))
    if (value === null) delete merged[key]
    else merged[key] = merge(merged[key], value)
  return merged
}

import { invalid } from '../error.ts'
import { rewriteReferences } from '../reference.ts'
import { isId, isObject, type Resource } from '../resource.ts'
import { at, type Draft, type Step } from './draft.ts'

/** Takes the resource from the body, or from the patched one; its type and id must be those of the address. */
export const takeBody: Step = (draft, parts) => {
  const { kind, type, patch } = draft.write
  const resource = draft.resource ?? draft.write.resource
  if (kind === 'patch') {
    if (!draft.current || !patch) return
    const patched = parts.applyPatch(draft.current, patch)
    draft.after = draft.urns ? rewriteReferences(patched, draft.urns) : patched
    return
  }
  if (!isObject(resource)) throw invalid(`the body is not a ${type}`, at(draft, ''))
  if (typeof resource.resourceType !== 'string')
    throw invalid(`resourceType is missing: it must be ${type}`, at(draft, 'resourceType'))
  if (resource.resourceType !== type)
    throw invalid(`resourceType is not ${type}, which the address names`, at(draft, 'resourceType'))
  if (kind === 'update') checkId(draft, resource)
  draft.after = resource as Resource
}

function checkId(draft: Draft, resource: Record<string, unknown>): void {
  const { criteria, type } = draft.write
  if (resource.id === undefined && criteria) return
  if (resource.id === undefined)
    throw invalid('id is missing: it must be that of the address', at(draft, `${type}.id`))
  if (typeof resource.id !== 'string' || !isId(resource.id))
    throw invalid(
      'id is not valid: 1 to 64 letters, digits, hyphens and dots',
      at(draft, `${type}.id`),
    )
  if (resource.id !== draft.id)
    throw invalid('id differs from that of the address', at(draft, `${type}.id`))
}

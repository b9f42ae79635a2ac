/** https://hl7.org/fhir/R4/search.html#summary: a part of a resource is not suitable to update it with. */
import { issue, rejected } from '../error.ts'
import { isObject, type Resource, subsetted } from '../resource.ts'
import { at, type Step } from './draft.ts'

/** What `_summary` or `_elements` left out would be lost, without its sender having meant it. */
export const refusePart: Step = draft => {
  const { current, after, write } = draft
  if (!current || !after || !isPart(after) || isPart(current)) return
  throw rejected([
    issue(
      'business-rule',
      'the body is only a part of the resource (SUBSETTED): read the whole, change that, or send a patch',
      at(draft, `${write.type}.meta.tag`),
    ),
  ])
}

const isPart = ({ meta }: Resource): boolean =>
  Array.isArray(meta?.tag) &&
  meta.tag.some(
    tag => isObject(tag) && tag.code === subsetted.code && tag.system === subsetted.system,
  )

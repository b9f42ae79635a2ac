/** https://hl7.org/fhir/R4/http.html#patch: after a patch the narrative must not tell what is no longer so. */
import { issue, rejected } from '../error.ts'
import { isObject, type Resource } from '../resource.ts'
import { at, type Step } from './draft.ts'
import { same } from './drop-unchanged.ts'

/**
 * A generated narrative that the patch left as it was goes; one that somebody wrote is theirs to mend, so the patch is
 * refused.
 */
export const dropNarrative: Step = draft => {
  const { current, after, write } = draft
  if (!current || !after || !isObject(after.text) || after.text.status === 'empty') return
  if (!same(current.text, after.text) || same(told(current), told(after))) return
  if (after.text.status !== 'generated')
    throw rejected([
      issue(
        'business-rule',
        'the narrative is not generated from the rest and may tell what the patch changes: patch text too',
        at(draft, `${write.type}.text`),
      ),
    ])
  const { text: _, ...rest } = after
  draft.after = rest as Resource
}

/** What a narrative may tell of. */
function told(resource: Resource): object {
  const { meta: _, text: _t, ...rest } = resource
  return rest
}

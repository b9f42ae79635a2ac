import { gone, notFound } from '../error.ts'
import { parseStored } from '../json.ts'
import type { Resource } from '../resource.ts'
import type { Step } from './draft.ts'

/** Reads the newest version. A patch needs one that is not deleted; a delete of nothing is done. */
export const load: Step = async (draft, parts) => {
  const { kind, type } = draft.write
  const before = await parts.store.read(draft.context.tenant, type, draft.id)
  if (before) draft.before = before
  if (before?.json !== undefined) draft.current = parseStored(before.json) as Resource
  else if (kind === 'patch')
    throw before
      ? gone(`${type}/${draft.id} is deleted`)
      : notFound(`there is no ${type}/${draft.id}`)
  else if (kind === 'delete' && draft.write.ifMatch === undefined)
    draft.settled = { status: 204, changed: false, ...(before ? { version: before } : {}) }
}

/** https://hl7.org/fhir/R4/http.html#concurrency */
import { mismatch } from '../error.ts'
import type { Step } from './draft.ts'

export const checkVersion: Step = draft => {
  const { ifMatch, ifNoneMatch, type } = draft.write
  const there = draft.current !== undefined
  const name = `${type}/${draft.id}`
  if (ifNoneMatch && there)
    throw mismatch(`${name} exists already, and If-None-Match: * allows only a new one`)
  if (ifMatch === undefined) return
  // A deleted one may be brought back by an update that names the version of the delete.
  const deleted = !there && draft.write.kind === 'update' ? draft.before?.number : undefined
  if (deleted !== undefined && ifMatch !== '*' && ifMatch.includes(deleted)) return
  if (!there) throw mismatch(`there is no ${name}, so If-Match cannot hold`)
  if (ifMatch !== '*' && !ifMatch.includes(draft.before?.number ?? 0))
    throw mismatch(
      `${name} has version ${draft.before?.number} by now: read it again and repeat the change on it`,
    )
}

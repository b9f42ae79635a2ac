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
  if (!there) throw mismatch(`there is no ${name}, so If-Match cannot hold`)
  if (ifMatch !== '*' && !ifMatch.includes(draft.before?.number ?? 0))
    throw mismatch(
      `${name} has version ${draft.before?.number} by now: read it again and repeat the change on it`,
    )
}

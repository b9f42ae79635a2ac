/** Rows that no expression of a parameter finds. */
import { parseReference } from '../reference.ts'
import { isObject, type Resource } from '../resource.ts'
import { targetOf } from './reference.ts'
import type { Rows } from './rows.ts'

/** The reference rows of elements that no search parameter covers: so that all who refer to a resource are known. */
export const otherReferences = '~'

/** The reference rows of a resource that say what canonicals mean it: its url, alone and with its version. */
export const canonicalNames = '~canonical'

/** The token rows of a resource that say of which types it contains resources: no search parameter can be named so. */
export const containedTypes = '~contained'

/**
 * A reference that no parameter covers. An address stays as it is: it cannot be found again by its resource, once the
 * server has another one.
 */
export function addOther(reference: string, rows: Rows, base: string): void {
  if (rows.refersTo(reference)) return
  const target = targetOf(reference)
  const here = targetOf(reference, base)
  // What is elsewhere costs a row that nobody asks for.
  if (target && here && parseReference(reference)?.type && !rows.refersTo(here))
    rows.add({ kind: 'reference', param: otherReferences, target })
}

export function addNames({ url, version }: Record<string, unknown>, rows: Rows): void {
  if (typeof url !== 'string' || !targetOf(url)) return
  const add = (target: string) => rows.add({ kind: 'reference', param: canonicalNames, target })
  add(url)
  if (typeof version === 'string') add(`${url}|${version}`)
}

export function addContained({ contained }: Resource, rows: Rows): void {
  if (!Array.isArray(contained)) return
  for (const one of contained)
    if (isObject(one) && typeof one.resourceType === 'string')
      rows.add({ kind: 'token', param: containedTypes, code: one.resourceType, system: '' })
}

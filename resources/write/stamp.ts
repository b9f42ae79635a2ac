import { printJson } from '../json.ts'
import type { Resource } from '../resource.ts'
import type { Step } from './draft.ts'

/**
 * Prints the resource with its id and version. The instant is left open: only the commit knows it, and printing inside
 * the commit would hold everybody up.
 */
export const stamp: Step = draft => {
  if (!draft.after) return
  const number = (draft.before?.number ?? 0) + 1
  draft.printed = printStamped(draft.after, draft.id, number)
}

/** Keys keep their order; an id that was not there comes after resourceType, meta after the id. */
export function printStamped(
  resource: Resource,
  id: string,
  number: number,
): { head: string; tail: string } {
  const ordered = new Set(Object.keys(resource))
  const keys: string[] = []
  for (const key of ordered) {
    if (key === 'id' && keys.includes('id')) continue
    keys.push(key)
    if (key === 'resourceType' && !ordered.has('id')) keys.push('id')
    if (keys.at(-1) === 'id' && !ordered.has('meta')) keys.push('meta')
  }
  let head = ''
  let text = '{'
  for (const key of keys) {
    if (text.length > 1 || head) text += ','
    text += `${printJson(key)}:`
    if (key === 'id') text += printJson(id)
    else if (key === 'meta') {
      const { before, after } = printMeta(resource.meta ?? {}, number)
      head = text + before
      text = after
    } else text += printJson(resource[key])
  }
  return { head, tail: `${text}}` }
}

function printMeta(meta: object, number: number): { before: string; after: string } {
  const { versionId: _, lastUpdated: _l, ...rest } = meta as Record<string, unknown>
  const others = printJson(rest).slice(1)
  return {
    before: `{"versionId":"${number}","lastUpdated":"`,
    after: `"${others === '}' ? '' : ','}${others}`,
  }
}

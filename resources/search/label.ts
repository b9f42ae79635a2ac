/** `:text`: what is said beside a code or a reference. https://hl7.org/fhir/R4/search.html#modifiers */
import { invalid } from '../error.ts'
import { unescaped } from './escape.ts'
import { fold } from './fold.ts'
import type { Predicate } from './query.ts'
import type { Rows } from './rows.ts'
import type { Asked } from './type.ts'

/** Found where a word of it begins so. */
export function readLabel(value: string, { param, name }: Asked): Predicate {
  const text = fold(unescaped(value))
  if (text === '') throw invalid(`${name} is empty: give the beginning of a word`)
  return { kind: 'label', param, text }
}

/** Longer ones are found by their beginning. */
const longest = 300

export function addLabel(said: unknown, param: string, rows: Rows): void {
  if (typeof said !== 'string' || said === '') return
  const text = fold(said.length > longest ? said.slice(0, longest) : said)
  if (text) rows.add({ kind: 'label', param, text })
}

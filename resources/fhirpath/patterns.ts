/** Regular expressions that take no longer than their text is: those of a program may hang. https://github.com/google/re2 */
import { createRequire } from 'node:module'
import type { RE2JS as Pattern } from 're2js'

const known = new Map<string, Pattern>()
const mostKnown = 200

/** Throws where it is none: it knows no looking around and no going back. */
export function patternOf(text: string): Pattern {
  let pattern = known.get(text)
  if (!pattern) {
    const { RE2JS } = createRequire(import.meta.url)('re2js') as typeof import('re2js')
    pattern = RE2JS.compile(text, RE2JS.DOTALL)
    if (known.size >= mostKnown) known.clear()
    known.set(text, pattern)
  }
  return pattern
}

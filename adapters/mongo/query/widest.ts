/** Why a command of a search is larger than the database takes, in words of the one who asks. */
import { BSONRegExp } from 'mongodb'
import { type FhirError, tooCostly } from '../../../resources/error.ts'

/** By the parameter that has most of it. Absent: nothing in it is of one. */
export function tooWide(asked: unknown, cause: unknown): FhirError {
  const sizes = new Map<string, number>()
  weigh(asked, sizes)
  const [widest = ['the search']] = [...sizes].sort(([, a], [, b]) => b - a)
  const [name] = widest
  const words = name.endsWith(':text')
    ? 'the texts that have such a part are too long together: give a longer part, or fewer parts'
    : 'the values that are looked for are too long together: ask for them in parts'
  return tooCostly(`${name}: ${words}`, undefined, { cause })
}

/** How much of all there is in it is of each parameter. */
function weigh(part: unknown, sizes: Map<string, number>): void {
  const text = part instanceof BSONRegExp ? part.pattern.replaceAll('\\', '').slice(1) : part
  if (typeof text === 'string') {
    const name = parameterOf(text)
    if (name !== undefined) sizes.set(name, (sizes.get(name) ?? 0) + text.length)
  } else if (typeof text === 'object' && text !== null)
    for (const each of Object.values(text)) weigh(each, sizes)
}

/** Of an entry or the name of an element, see values.ts; or of what a resource is called. */
function parameterOf(text: string): string | undefined {
  const [, param] = /^[A-Z]\w*\.([\w-]+(?::text)?)/.exec(text) ?? []
  return param ?? (/^[^/]+\/[A-Z]\w*\//.test(text) ? '_id' : undefined)
}

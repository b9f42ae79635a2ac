/** The names that rows of a parameter stand under, and the entries of their values. See values.ts. */
import { BSONRegExp } from 'mongodb'
import type { Token } from '../../../resources/search/query.ts'
import { firstBy, firstName, inName, nameOfRows } from '../values.ts'

/** A value as it stands, or what begins or looks so. */
export type Entry = string | BSONRegExp

/** `text` is absent where only a part of the first part of a composite is asked for. */
interface Name {
  text?: string
  pattern: string
}

/** In a regular expression of the database. https://www.pcre.org/original/doc/html/pcrepattern.html */
export const escaped = (text: string): string =>
  text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&').replaceAll('\0', '\\x00')

export const beginning = (text: string): BSONRegExp => new BSONRegExp(`^${escaped(text)}`)

export const namesOf = (types: string[], param: string, first?: Token): Name[] =>
  types.map(type => nameOf(type, param, first))

const exactly = (text: string): Name => ({ text, pattern: escaped(text) })

/** All that escaped codes and systems may have. */
const any = '[^=|$]*'

function nameOf(type: string, param: string, first: Token | undefined): Name {
  if (!first) return exactly(nameOfRows(type, param))
  const { code, system } = first
  if (system === undefined) {
    const last = code === undefined ? any : escaped(inName(code))
    return { pattern: `${escaped(firstName(type, param))}${any}\\|${last}` }
  }
  const start = nameOfRows(type, param, firstBy(system, code ?? ''))
  return code === undefined ? { pattern: `${escaped(start)}${any}` } : exactly(start)
}

/** The entry of a name with just this behind it. */
export const whole = ({ text, pattern }: Name, value: string): Entry =>
  text === undefined ? new BSONRegExp(`^${pattern}${escaped(value)}\\z`) : text + value

/** Entries of a name that go on with this. */
export const start = ({ pattern }: Name, value: string): BSONRegExp =>
  new BSONRegExp(`^${pattern}${escaped(value)}`)

/** Entries of a name that go on with a regular expression. */
export const like = ({ pattern }: Name, value: string): BSONRegExp =>
  new BSONRegExp(`^${pattern}${value}`)

/** What `p` of an element is. */
export function oneOf(names: Name[]): Entry | { $in: Entry[] } {
  const all = names.map(({ text, pattern }) => text ?? new BSONRegExp(`^${pattern}\\z`))
  const [one] = all
  return one !== undefined && all.length === 1 ? one : { $in: all }
}

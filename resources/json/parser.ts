import type { FhirError } from '../error.ts'

export interface JsonLimits {
  /** Objects and arrays inside each other. */
  depth: number
  /** Keys of all objects together. */
  keys: number
  /** Characters of one string. */
  string: number
}

interface JsonErrors {
  invalid(diagnostics: string, expression?: string): FhirError
  tooLarge(diagnostics: string, expression?: string): FhirError
}

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const escapes: Record<string, string> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

/** Characters that are parsed at once: half a millisecond. */
const turnLength = 64 * 1024

/** One pass over the text that builds the value and holds the limits; JSON.parse cannot see a key that comes twice. */
export class JsonParser {
  private readonly text: string
  private readonly limits: JsonLimits
  private readonly errors: JsonErrors
  private at = 0
  private depth = 0
  private keys = 0

  constructor(text: string, limits: JsonLimits, errors: JsonErrors) {
    this.text = text
    this.limits = limits
    this.errors = errors
  }

  parse(): unknown {
    this.skipSpace()
    return this.last(this.value())
  }

  /** The same, as others have their turn between the items of the arrays of an object, such as the entries of a Bundle. */
  async parseInTurns(turn: () => Promise<void>): Promise<unknown> {
    this.skipSpace()
    if (this.text.charCodeAt(this.at) !== 123) return this.parse()
    const object: Record<string, unknown> = {}
    if (this.opens(125))
      do {
        const key = this.key(object)
        object[key] =
          this.text.charCodeAt(this.at) === 91 ? await this.arrayInTurns(turn) : this.value()
      } while (this.goesOn(125))
    return this.last(object)
  }

  private async arrayInTurns(turn: () => Promise<void>): Promise<unknown[]> {
    const items: unknown[] = []
    let from = this.at
    if (this.opens(93))
      do {
        items.push(this.value())
        if (this.at - from < turnLength) continue
        from = this.at
        await turn()
      } while (this.goesOn(93))
    return items
  }

  private last(value: unknown): unknown {
    this.skipSpace()
    if (this.at < this.text.length) throw this.malformed('there is text after the end of the value')
    return value
  }

  private skipSpace(): void {
    const { text } = this
    for (;;) {
      const code = text.charCodeAt(this.at)
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return
      this.at++
    }
  }

  private value(): unknown {
    switch (this.text.charCodeAt(this.at)) {
      case 34:
        return this.string()
      case 123:
        return this.object()
      case 91:
        return this.array()
      case 116:
        return this.word('true', true)
      case 102:
        return this.word('false', false)
      case 110:
        return this.word('null', null)
      default:
        return this.number()
    }
  }

  private word<T>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) throw this.malformed('a value is expected')
    this.at += word.length
    return value
  }

  private number(): number | RawJSON {
    number.lastIndex = this.at
    const source = number.exec(this.text)?.[0]
    if (source === undefined) throw this.malformed('a value is expected')
    this.at += source.length
    const value = Number(source)
    return String(value) === source ? value : JSON.rawJSON(source)
  }

  private array(): unknown[] {
    const items: unknown[] = []
    if (this.opens(93))
      do items.push(this.value())
      while (this.goesOn(93))
    return items
  }

  private object(): Record<string, unknown> {
    const object: Record<string, unknown> = {}
    if (this.opens(125))
      do {
        const key = this.key(object)
        object[key] = this.value()
      } while (this.goesOn(125))
    return object
  }

  /** Goes into an array or object; false: it is empty, and passed. */
  private opens(end: number): boolean {
    this.at++
    if (++this.depth > this.limits.depth)
      throw this.errors.tooLarge(
        `the body is nested deeper than ${this.limits.depth} levels, the limit (MAX_DEPTH)`,
      )
    this.skipSpace()
    if (this.text.charCodeAt(this.at) !== end) return true
    this.at++
    this.depth--
    return false
  }

  /** Passes the comma before the next one; false: there is none, and the end is passed. */
  private goesOn(end: number): boolean {
    this.skipSpace()
    const code = this.text.charCodeAt(this.at)
    this.at++
    if (code === end) {
      this.depth--
      return false
    }
    if (code !== 44) {
      this.at--
      throw this.malformed(`a comma or ${String.fromCharCode(end)} is expected`)
    }
    this.skipSpace()
    return true
  }

  private key(object: Record<string, unknown>): string {
    if (this.text.charCodeAt(this.at) !== 34) throw this.malformed('a key in quotes is expected')
    const start = this.at
    const key = this.string()
    if (key === '__proto__') throw this.errors.invalid('the key __proto__ is not allowed')
    if (Object.hasOwn(object, key)) {
      this.at = start
      throw this.malformed(
        `the element ${/^_?[A-Za-z]{1,64}$/.test(key) ? key : 'here'} comes twice in one object`,
      )
    }
    if (++this.keys > this.limits.keys)
      throw this.errors.tooLarge(
        `the body has more than ${this.limits.keys} keys, the limit (MAX_KEYS)`,
      )
    this.skipSpace()
    if (this.text.charCodeAt(this.at) !== 58) throw this.malformed('a colon is expected')
    this.at++
    this.skipSpace()
    return key
  }

  private string(): string {
    const { text } = this
    const start = this.at + 1
    let end = start
    for (;;) {
      const code = text.charCodeAt(end)
      if (code === 34) break
      if (code === 92) return this.escaped(start, end)
      if (code < 32 || Number.isNaN(code)) {
        this.at = end
        throw this.malformed('a string does not end, or holds a control character')
      }
      end++
    }
    this.at = end + 1
    return this.checked(text.slice(start, end))
  }

  private escaped(start: number, firstEscape: number): string {
    const { text } = this
    let value = ''
    let from = start
    let at = firstEscape
    for (;;) {
      const code = text.charCodeAt(at)
      if (code === 34) break
      if (code < 32 || Number.isNaN(code)) {
        this.at = at
        throw this.malformed('a string does not end, or holds a control character')
      }
      if (code !== 92) {
        at++
        continue
      }
      value += text.slice(from, at)
      const letter = text[at + 1] ?? ''
      if (letter === 'u') {
        const hex = text.slice(at + 2, at + 6)
        this.at = at
        if (!/^[0-9a-fA-F]{4}$/.test(hex)) throw this.malformed('\\u takes four hexadecimal digits')
        value += String.fromCharCode(Number.parseInt(hex, 16))
        at += 6
      } else {
        const plain = Object.hasOwn(escapes, letter) ? escapes[letter] : undefined
        this.at = at
        if (plain === undefined) throw this.malformed('a backslash begins no known escape')
        value += plain
        at += 2
      }
      from = at
    }
    this.at = at + 1
    value += text.slice(from, at)
    if (!value.isWellFormed())
      throw this.malformed('a string holds half of a surrogate pair, which UTF-8 cannot store')
    return this.checked(value)
  }

  private checked(value: string): string {
    if (value.length > this.limits.string)
      throw this.errors.tooLarge(
        `a string is longer than ${this.limits.string} characters, the limit (MAX_STRING)`,
      )
    return value
  }

  private malformed(what: string): FhirError {
    const before = this.text.slice(0, this.at)
    const line = before.split('\n').length
    const column = this.at - before.lastIndexOf('\n')
    return this.errors.invalid(
      `the body is not valid JSON at line ${line}, column ${column}: ${what}`,
    )
  }
}

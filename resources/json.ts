/**
 * JSON without losing a decimal's digits (https://hl7.org/fhir/R4/json.html#decimal): a number that JavaScript would print
 * in another way than it came is kept as the native JSON.rawJSON object, which JSON.stringify prints as it was.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { invalid, tooLarge } from './error.ts'
import { type JsonLimits, JsonParser } from './json/parser.ts'

declare global {
  interface RawJSON {
    readonly rawJSON: string
  }
  interface JSON {
    rawJSON(text: string): RawJSON
    isRawJSON(value: unknown): value is RawJSON
  }
}

export type { JsonLimits } from './json/parser.ts'

const defaults: JsonLimits = { depth: 64, keys: 2_000_000, string: 16 * 1024 * 1024 }

/** Parses a JSON text. Malformed, ambiguous (a key twice) and dangerous texts are a FhirError 400, too large ones 413. */
export function parseJson(text: string, limits: JsonLimits = defaults): unknown {
  return new JsonParser(text, limits, { invalid, tooLarge }).parse()
}

/** The same for a text that takes milliseconds, such as a Bundle: others have their turn meanwhile. */
export const parseInTurns = (text: string, limits: JsonLimits): Promise<unknown> =>
  new JsonParser(text, limits, { invalid, tooLarge }).parseInTurns(turn)

const unlimited: JsonLimits = { depth: Infinity, keys: Infinity, string: Infinity }

/** What is stored was held to the limits that were set when it came, and a page of it is deeper than one alone. */
export const parseStored = (text: string): unknown => parseJson(text, unlimited)

export const printJson = (value: unknown, pretty = false): string =>
  JSON.stringify(value, undefined, pretty ? 2 : undefined)

export const isDecimal = (value: unknown): value is number | RawJSON =>
  typeof value === 'number' || JSON.isRawJSON(value)

/** The digits as they came. */
export const decimalText = (value: number | RawJSON): string =>
  typeof value === 'number' ? String(value) : value.rawJSON

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The text of UTF-8 bytes, without a byte order mark; other bytes are a FhirError 400. */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw invalid('the body is not valid UTF-8')
  }
}

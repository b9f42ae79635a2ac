/** Cases as data: test/cases/FOLDER/NAME.json. */
import { readFileSync } from 'node:fs'
import { parseJson, printJson } from '../../resources/json.ts'

/** Decimals of the cases keep their digits. */
export const casesOf = <T>(name: string): T[] =>
  parseJson(readFileSync(new URL(`../cases/${name}.json`, import.meta.url), 'utf8')) as T[]

/** A JSON value as text with its keys in order: equal texts are equal values, digits of decimals included. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) return printJson(value)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, child]) => `${printJson(key)}:${canonical(child)}`).join(',')}}`
}

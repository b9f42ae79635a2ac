/** Cases as data: test/cases/FOLDER/NAME.json. */
import { readFileSync } from 'node:fs'
import { parseJson, printJson } from '../../resources/json.ts'
import type { Resource } from '../../resources/resource.ts'

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

/** A search and what the specification says it finds, or that it is refused. */
export interface SearchCase {
  name: string
  /** Absent: a search over all types. */
  type?: string
  query: string
  /** Ids in their order. */
  ids?: string[]
  /** It is asked of what stands alone only. */
  alone?: true
  /** `ids` is the order of the answer; else it is alphabetical. */
  sorted?: true
  /** Where the answer stands in the specification. */
  section: string
  status?: number
  code?: string
}

export interface SearchFile {
  /** Of dates that name none; UTC by default. */
  zone?: string
  resources: Resource[]
  searches: SearchCase[]
}

export const searchCases = new URL('../cases/search/', import.meta.url)

export const casesIn = (file: string): SearchFile =>
  parseJson(readFileSync(new URL(file, searchCases), 'utf8')) as SearchFile

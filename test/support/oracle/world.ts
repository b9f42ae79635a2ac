/** What the second opinion is asked about: all resources there are, and where and when the question is put. */
import { type SearchParameterFacts, searchParameters } from '../../../resources/definitions.ts'
import type { Resource } from '../../../resources/resource.ts'
import { type Node, select } from './expression.ts'

export interface World {
  /** In the order of their creation, with meta.lastUpdated. */
  resources: Resource[]
  /** The server's own address. */
  base: string
  /** ms */
  now: number
  /** Of dates and times that name none: `UTC`, `Asia/Kolkata`. */
  zone: string
}

export type Item = Record<string, unknown>

export const isItem = (value: unknown): value is Item =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value)

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

export const listOf = (value: unknown): unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value]

/** A search the oracle has no opinion on. */
export class NoOpinion extends Error {}

export function parameterOf(type: string, code: string): SearchParameterFacts {
  const facts = searchParameters(type).find(each => each.code === code)
  if (!facts) throw new NoOpinion(`${type} has no parameter ${code}`)
  return facts
}

const known = new WeakMap<Resource, Map<string, Node[]>>()

export function valuesOf(resource: Resource, { id, expression }: SearchParameterFacts): Node[] {
  const mine = known.get(resource) ?? new Map<string, Node[]>()
  known.set(resource, mine)
  const found = mine.get(id) ?? select(expression, resource)
  mine.set(id, found)
  return found
}

/** Splits where no backslash stands before. https://hl7.org/fhir/R4/search.html#escaping */
export function split(text: string, separator: string): string[] {
  const parts = ['']
  for (let at = 0; at < text.length; at++) {
    const each = text.charAt(at)
    if (each === separator) parts.push('')
    else {
      const whole = each === '\\' ? each + text.charAt(++at) : each
      parts[parts.length - 1] += whole
    }
  }
  return parts
}

export const plain = (text: string): string => text.replace(/\\([,|$\\])/g, '$1')

/** Where a reference leads: `Patient/1` here, or an address elsewhere; its version apart. */
export function destinationOf(
  reference: string,
  base: string,
): { to: string; version?: string } | undefined {
  if (reference.startsWith('#') || reference === '') return undefined
  const own = reference.startsWith(`${base}/`) ? reference.slice(base.length + 1) : reference
  const [, unversioned = own] = /^(.*)\/_history\/[^/]+$/.exec(own) ?? []
  const cut = unversioned.indexOf('|')
  if (cut < 0) return { to: unversioned }
  return { to: unversioned.slice(0, cut), version: unversioned.slice(cut + 1) }
}

/** The references a node stands for. */
export const referencesIn = ({ value }: Node): string[] =>
  typeof value === 'string'
    ? [value.replace(/#.*$/, '')]
    : isItem(value) && textOf(value.reference)
      ? [textOf(value.reference)]
      : []

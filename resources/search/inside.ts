/**
 * What a reference leads to within its own resource: a contained resource, or what a Bundle holds in place of a reference.
 * Chains are evaluated there too: its rows are among those of its container, under names that say by which parameter it is
 * reached and of what type it is. https://hl7.org/fhir/R4/search.html#contained
 */
import type { Extract, Row } from '../store.ts'
import type { Predicate } from './query.ts'

/** No parameter of R4 is named so, nor one of a tenant. */
const within = (param: string, type: string): string => `${param}>${type}`
export const rowsOf = (param: string, type: string, inner: string): string =>
  `${within(param, type)}.${inner}`

/** The token rows that say which parameters it has. */
const presentIn = (param: string, type: string): string => `${within(param, type)}:present`
/** The code by which they say that it is there at all. */
const there = '*'

/** Whether rows are of what a resource holds. */
export const isHeld = (param: string): boolean => param.includes('>')

/** The rows of one that is reached by a parameter. */
export function rowsInside(param: string, type: string, { rows, present }: Extract): Row[] {
  const codes = [there, ...present]
  return [
    ...codes.map(
      (code): Row => ({ kind: 'token', param: presentIn(param, type), code, system: '' }),
    ),
    ...rows.map(row => ({ ...row, param: rowsOf(param, type, row.param) })),
  ]
}

/** Of what holds one of a type by a parameter. */
export const holdsAny = (param: string, type: string): Predicate & { kind: 'token' } => ({
  kind: 'token',
  param: presentIn(param, type),
  code: there,
})

/**
 * What must hold of the container for it to hold of one of a type within. undefined: it never does, as what asks for the
 * resource itself, or for who refers to it.
 */
export function inside(param: string, type: string, predicate: Predicate): Predicate | undefined {
  const isThere = holdsAny(param, type)
  const inner = (each: Predicate) => inside(param, type, each)
  switch (predicate.kind) {
    case 'id':
    case 'type':
    case 'updated':
    case 'refers':
    case 'has':
    case 'words':
      return undefined
    case 'present':
      return { ...isThere, code: predicate.param }
    case 'and': {
      const all = predicate.all.map(inner)
      if (all.includes(undefined)) return undefined
      return { kind: 'and', all: [isThere, ...all.filter(each => each !== undefined)] }
    }
    case 'or': {
      const any = predicate.any.map(inner).filter(each => each !== undefined)
      const [only] = any
      return any.length < 2 ? only : { kind: 'or', any }
    }
    case 'other': {
      const { than } = predicate
      return { ...predicate, than: { ...than, param: rowsOf(param, type, than.param) } }
    }
    case 'not': {
      const not = inner(predicate.not)
      return not ? { kind: 'and', all: [isThere, { kind: 'not', not }] } : isThere
    }
    default:
      return { ...predicate, param: rowsOf(param, type, predicate.param) }
  }
}

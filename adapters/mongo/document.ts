/**
 * The documents. One collection holds every version of every resource of every tenant: a version is written once and
 * never changed, but for what says that it was superseded. https://hl7.org/fhir/R4/http.html#versioning
 */
import type { Binary } from 'mongodb'
import type { Method, Tenant } from '../../resources/store.ts'

/** A version in the collection `resource`. */
export interface Stored {
  /** `tenant/Patient/1/000000002`: see idOf. */
  _id: string
  /** `tenant/Patient/1`, on the newest version alone: what a read finds it by, and why there is one at most. */
  n?: string
  t: Tenant
  ty: string
  /** meta.versionId */
  v: number
  m: Method
  /** The commit number: about microseconds since 1970, more than that of any commit before, and nobody else's. */
  s: number
  /** meta.lastUpdated, ms. */
  at: number
  /** The commit number of version 1: the order of creation, which breaks ties. */
  c: number
  /** The main date (ms), else meta.lastUpdated of version 1: the order when nothing else is asked. */
  k: number
  /** The commit number of the version that superseded this one, and its meta.lastUpdated. */
  u?: number
  end?: number
  /** The resource as JSON text; absent where the version is a delete. */
  body?: Binary
  /** What a search finds the newest version by; absent on a delete. */
  x?: string[]
  d?: Span[]
  q?: Amount[]
  g?: Point[]
  has?: string[]
  w?: string[]
  text?: Text
  /** The same of a superseded version, for as long as there may be links to pages that saw it. */
  old?: Values
}

/** What a version is found by. Names in it are `Type.param`, with more where a row says more: see values.ts. */
export interface Values {
  /** Entries of tokens, strings, references, uris and labels, each a name and a value. */
  x: string[]
  d?: Span[]
  q?: Amount[]
  g?: Point[]
  /** Extract.present */
  has?: string[]
  /** The words of all its text, each once. */
  w?: string[]
  text?: Text
}

export const valueNames = [
  'x',
  'd',
  'q',
  'g',
  'has',
  'w',
  'text',
] as const satisfies (keyof Values)[]

/** A date: ms, both ends inclusive. */
export interface Span {
  p: string
  lo: number
  hi: number
}

/** A number or quantity: ordered decimal keys, as in Row. */
export interface Amount {
  p: string
  lo: string
  hi: string
  /** System and unit; absent where empty. */
  s?: string
  u?: string
}

/** A position, in degrees. */
export interface Point {
  p: string
  lat: number
  lon: number
}

/** Folded text, words with single spaces: of the narrative, and of all there is to read. */
export interface Text {
  n?: string
  c?: string
}

export const nameOf = (tenant: Tenant, type: string, id: string): string =>
  `${tenant}/${type}/${id}`

/** Nine digits, so that the order of ids is the order of versions. */
export const idOf = (name: string, number: number): string =>
  `${name}/${String(number).padStart(digits, '0')}`

/** The name in an id, and in the name the id of the resource. */
export const nameIn = (id: string): string => id.slice(0, -1 - digits)
export const resourceIn = (name: string): string => name.slice(name.lastIndexOf('/') + 1)

const digits = 9

/** All that is under a name: what it begins with and what it ends before, since `0` comes after `/`. */
export const under = (name: string): { $gt: string; $lt: string } => ({
  $gt: `${name}/`,
  $lt: `${name}0`,
})

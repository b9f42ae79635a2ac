/** A search as the stores see it: typed, without FHIR's spelling. A new kind of Predicate fails the build of each store until it is handled. */

/** https://hl7.org/fhir/R4/search.html. All predicates hold at once. */
export interface Query {
  /** Absent: all types. */
  type?: string
  where: Predicate[]
  sort: Sort
  /** Page size; at least 1. */
  count: number
  /** Page.next of the page before. */
  after?: string
}

/** `date`: by the main date of the type (see Extract.date), else the time of version 1. Ties are broken by the order of creation. */
export interface Sort {
  by: 'date' | 'updated'
  descending: boolean
}

export type Predicate =
  /** _id; several: any of them. */
  | { kind: 'id'; ids: string[] }
  /** _lastUpdated in ms, both ends inclusive. */
  | { kind: 'updated'; from?: number; to?: number }
  /** `code` absent: any code of the system. `system` absent: any system; '' none. */
  | { kind: 'token'; param: string; first?: string; code?: string; system?: string }
  /** Targets as `Patient/1` or an absolute URL; any of them. */
  | { kind: 'reference'; param: string; targets: string[] }
  /** Any reference at all, by whatever element, to this `Patient/1`. */
  | { kind: 'refers'; target: string }
  /** `starts`: the folded value begins with `text`; `exact`: the value, folded by fold.ts, is `text` as written. */
  | {
      kind: 'string'
      param: string
      first?: string
      text: string
      match: 'starts' | 'exact'
    }
  | { kind: 'uri'; param: string; first?: string; uri: string }
  /** Bounds of the stored range's two ends, all inclusive, in ms. */
  | ({ kind: 'date'; param: string; first?: string } & Bounds<number>)
  /** The same on ordered decimal keys; `unit` absent: any; `system` absent: any. */
  | ({
      kind: 'quantity'
      param: string
      first?: string
      system?: string
      unit?: string
    } & Bounds<string>)
  | { kind: 'or'; any: Predicate[] }
  | { kind: 'not'; not: Predicate }

export interface Bounds<T> {
  lowFrom?: T
  lowTo?: T
  highFrom?: T
  highTo?: T
}

/** https://hl7.org/fhir/R4/http.html#history. Newest first. */
export interface HistoryQuery {
  type?: string
  id?: string
  /** Versions made at or after this instant (ms). */
  since?: number
  /** Versions that were current at some time within [from, to] (ms). */
  current?: { from: number; to: number }
  count: number
  after?: string
}

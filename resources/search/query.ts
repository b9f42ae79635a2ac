/** A search as the stores see it: typed, without FHIR's spelling. A new kind of Predicate fails the build of each store until it is handled. */

/** https://hl7.org/fhir/R4/search.html. All predicates hold at once. */
export interface Query {
  /** Absent: all types. */
  types?: string[]
  where: Predicate[]
  /** Keys in order of weight, at least one. Ties are broken by the main date, then by the order of creation, or of the first reference to it. */
  sort: Sort[]
  /** Page size; at least 1. */
  count: number
  /** Page.next or Page.previous of another page of the same query. */
  after?: string
  /** The first page is to tell how many there are, counted up to `atMost`; all, where that is absent. */
  total?: { atMost?: number }
}

/**
 * `date`: by the main date of the type (see Extract.date), else the time of version 1. `updated`: by the newest version.
 * By value: by the least of all that the parameters have where ascending, the greatest where descending; resources
 * without one come last.
 */
export type Sort = { descending: boolean } & (
  | { by: 'date' | 'updated' | 'id' }
  /** `types`: of these only; others have no such value. */
  | { by: 'value'; kind: SortKind; params: string[]; types?: string[] }
  /** By the metres between the nearest of some points and the nearest of its positions. */
  | { by: 'near'; param: string; points: Point[] }
  /** By how much of these is said, and how often: see score.ts. */
  | { by: 'score'; phrases: Phrase[] }
)

/** Folded words next to each other, the last of which may go on; in the narrative, or in any text. */
export interface Phrase {
  in: 'narrative' | 'content'
  words: string[]
}

/** On the earth. Degrees. */
export interface Point {
  latitude: number
  longitude: number
}

/** The rows of parameters, by which resources can be put in order. */
export type SortKind = 'token' | 'reference' | 'string' | 'date' | 'quantity' | 'uri'

export type Predicate =
  /** _id; several: any of them. */
  | { kind: 'id'; ids: string[] }
  /** It is one of these types: for criteria that depend on the type. */
  | { kind: 'type'; types: string[] }
  /** _lastUpdated in ms, both ends inclusive. */
  | { kind: 'updated'; from?: number; to?: number }
  /** It has a value for a parameter at all (`:missing`): see Extract.present. */
  | { kind: 'present'; param: string }
  /** `code` absent: any code of the system. `system` absent: any system; '' none. */
  | ({ kind: 'token'; param: string; first?: Token } & Token)
  /** Any of many codes of one system (absent: of any): what a value set expands to. */
  | { kind: 'codes'; param: string; system?: string; codes: string[] }
  /** A display or text beside a code or reference (`:text`) has, where a word begins, this folded text. */
  | { kind: 'label'; param: string; text: string }
  /** Targets as `Patient/1`, or an address elsewhere; any of them. */
  | { kind: 'reference'; param: string; first?: Token; targets: string[] }
  /** Any reference at all, by whatever element, to any of these: no parameter's may be an address of this server. */
  | { kind: 'refers'; targets: string[] }
  /**
   * A chain: the parameter refers to a resource of one of these types for which all of `where` holds. `names`: it does not
   * name it as `Type/id`, but by one of the targets that the resource itself has in its reference rows of that name.
   */
  | { kind: 'chain'; param: string; types: string[]; where: Predicate[]; names?: string }
  /** `_has`: some resource of `type`, for which all of `where` holds, refers to it by `param`; `names` as in a chain. */
  | { kind: 'has'; type: string; param: string; where: Predicate[]; names?: string }
  /**
   * The folded value begins with, contains, ends with or equals the folded `text`; `exact`: the value as written is
   * `text` as written.
   */
  | {
      kind: 'string'
      param: string
      first?: Token
      text: string
      match: StringMatch
    }
  /** `below`: the value is the uri or a path under it; `above`: the uri is the value or a path under it. */
  | { kind: 'uri'; param: string; first?: Token; uri: string; match: 'exact' | 'below' | 'above' }
  /** It is said in the narrative (`_text`), or in any text (`_content`). */
  | ({ kind: 'words' } & Phrase)
  /** Within so many metres on the earth's surface. */
  | ({ kind: 'near'; param: string; metres: number } & Point)
  /** Bounds of the stored range's two ends, all inclusive, in ms. */
  | ({ kind: 'date'; param: string; first?: Token } & Bounds<number>)
  /** The same on ordered decimal keys; `unit` absent: any; `system` absent: any. */
  | ({
      kind: 'quantity'
      param: string
      first?: Token
      system?: string
      unit?: string
    } & Bounds<string>)
  /** The same amount (`ge5.4`) as one of a unit of UCUM, in any other one that values are in: a store knows which. */
  | { kind: 'amount'; param: string; first?: Token; number: string; asked: string }
  /** It has a value of the same parameter for which this does not hold. */
  | { kind: 'other'; than: Comparable }
  | { kind: 'and'; all: Predicate[] }
  | { kind: 'or'; any: Predicate[] }
  | { kind: 'not'; not: Predicate }

/** One value is one row of these. */
export type Comparable = Extract<Predicate, { kind: 'token' | 'string' | 'reference' | 'uri' }>

const ofRows = [
  'token',
  'codes',
  'label',
  'reference',
  'refers',
  'string',
  'uri',
  'date',
  'quantity',
  'near',
] as const

/** Predicates that are about rows. */
export type RowPredicate = Extract<Predicate, { kind: (typeof ofRows)[number] }>

export const isOfRows = (predicate: { kind: string }): predicate is RowPredicate =>
  (ofRows as readonly string[]).includes(predicate.kind)

/** What it is made of: conditions of the same resource, or of the one at the other end. */
export function partsOf(predicate: Predicate): readonly Predicate[] {
  switch (predicate.kind) {
    case 'and':
      return predicate.all
    case 'or':
      return predicate.any
    case 'not':
      return [predicate.not]
    case 'chain':
    case 'has':
      return predicate.where
    default:
      return []
  }
}

/** Whether it asks for the resource at the other end of a reference. */
export const isRelation = ({ kind }: Predicate): boolean => kind === 'chain' || kind === 'has'

interface Nested {
  kind: string
  all?: Nested[]
  any?: Nested[]
  not?: Nested
}

/** Whether it looks at rows of its own type alone: nothing that is written of another changes what it finds. */
export function isOwn({ kind, all, any, not }: Nested): boolean {
  if (all || any) return (all ?? any ?? []).every(isOwn)
  return not ? isOwn(not) : isOfRows({ kind })
}

export type StringMatch = 'starts' | 'contains' | 'ends' | 'equals' | 'exact'

/** A code, a system or both. As `first`: the token part of a composite. */
export interface Token {
  code?: string
  system?: string
}

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

/** What an expression is compiled to, whoever evaluates it. */

/** A value and the datatype it was found with, where that is told. */
export interface Found {
  value: unknown
  type?: string
  /** Of a code: the system that the binding of its element implies. */
  system?: string
}

export interface Path {
  (resource: Record<string, unknown>, around?: Around): Found[]
  /** Its ways, where each value can be found by itself, without those beside it. */
  ways?: Way[]
}

/** One step of a way: down to an element, and which of its values go on. */
export type Step =
  | { kind: 'child'; name: string }
  | { kind: 'type'; type: string }
  | { kind: 'where'; holds: (value: unknown, around?: Around) => boolean }

/** What a value is found in. */
export interface Around {
  /** The type of what `#` or `#id` leads to there. */
  typeAt(reference: string): string | undefined
  /** What `#id` leads to there. */
  containedAt(reference: string): unknown
}

export interface Way {
  steps: Step[]
  system?: string
}

/** What else is of a type. https://hl7.org/fhir/R4/datatypes.html */
const subtypes: Readonly<Record<string, readonly string[]>> = {
  uri: ['canonical', 'url', 'oid', 'uuid'],
  string: ['code', 'id', 'markdown'],
  integer: ['positiveInt', 'unsignedInt'],
  Quantity: ['Age', 'Count', 'Distance', 'Duration'],
}

export const isOf = (own: string | undefined, type: string): boolean =>
  own === undefined ||
  own === type ||
  (Object.hasOwn(subtypes, type) && subtypes[type]?.includes(own) === true)

/** The few shapes the server itself touches. Everything else of a resource is `unknown` until a definition says what it is. */

export interface Meta {
  versionId?: string
  lastUpdated?: string
  [element: string]: unknown
}

/** A parsed resource. Numbers may be decimals kept as they came: see json.ts. */
export interface Resource {
  resourceType: string
  id?: string
  meta?: Meta
  [element: string]: unknown
}

/** The tag of a resource that is only a part. https://hl7.org/fhir/R4/search.html#summary */
export const subsetted = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
  code: 'SUBSETTED',
}

/** https://hl7.org/fhir/R4/datatypes.html#id */
export const isId = (text: string): boolean => /^[A-Za-z0-9\-.]{1,64}$/.test(text)

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

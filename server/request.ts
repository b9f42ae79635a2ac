import type { OperationOutcome } from 'fhir/r4'
import type { Resource } from '../resources/resource.ts'
import type { Version } from '../resources/store.ts'

/** A request as data: what HTTP, a Bundle entry and a test all hand to dispatch. */
export interface FhirRequest {
  /** Upper case: GET HEAD POST PUT PATCH DELETE OPTIONS. */
  method: string
  /** Decoded segments after the base: `['Patient', '1', '_history']`. */
  path: string[]
  /** Decoded parameters in order; of the URL and, for a form, of the body. */
  query: [string, string][]
  /** By lower-case name. */
  headers: Record<string, string | undefined>
  /** Parsed by the format table; absent where there is none. */
  body?: unknown
  /** Where this server is for the caller, without a slash at the end: `http://127.0.0.1:8080/fhir`. */
  base: string
  /** Set by dispatch, for logs and metrics: FHIR's word, and the resource type. */
  interaction?: string
  type?: string
}

/** An answer as data. At most one of `resource`, `json`, `outcome`, `content` and `stream`. */
export interface FhirResponse {
  status: number
  headers: Record<string, string>
  /** To be printed. */
  resource?: Resource
  /** A resource already printed: stored bytes go through as they are. */
  json?: string
  /** What went wrong, or was done, in place of a resource. */
  outcome?: OperationOutcome
  /** In the type that its headers say. */
  content?: Uint8Array
  stream?: AsyncIterable<Uint8Array | string>
  /** The version that is answered with, where it is one. */
  version?: Version
}

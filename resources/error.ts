import type { OperationOutcome, OperationOutcomeIssue } from 'fhir/r4'

export type Issue = OperationOutcomeIssue

/** What belongs to an error beside its issues. */
interface Rest {
  cause?: unknown
  headers?: Record<string, string>
}

/** The one error the server throws on purpose: an HTTP status and the OperationOutcome to send. */
export class FhirError extends Error {
  readonly status: number
  readonly outcome: OperationOutcome
  /** Headers that belong to the answer, such as Retry-After (seconds) or Allow. */
  readonly headers: Record<string, string>

  constructor(status: number, issues: Issue[], rest: Rest = {}) {
    super(issues[0]?.diagnostics ?? issues[0]?.code ?? 'error', { cause: rest.cause })
    this.name = 'FhirError'
    this.status = status
    this.outcome = { resourceType: 'OperationOutcome', issue: issues }
    this.headers = rest.headers ?? {}
  }
}

/** One issue of an OperationOutcome. Diagnostics name element, parameter and limit, never a stored value. */
export function issue(
  code: Issue['code'],
  diagnostics: string,
  expression?: string,
  severity: Issue['severity'] = 'error',
): Issue {
  return { severity, code, diagnostics, ...(expression ? { expression: [expression] } : {}) }
}

const failure =
  (status: number, code: Issue['code']) =>
  (diagnostics: string, expression?: string, rest?: Rest): FhirError =>
    new FhirError(status, [issue(code, diagnostics, expression)], rest)

const later =
  (status: number, code: Issue['code']) =>
  (diagnostics: string, seconds: number, cause?: unknown): FhirError =>
    new FhirError(status, [issue(code, diagnostics)], {
      cause,
      headers: { 'Retry-After': String(seconds) },
    })

/** Malformed: JSON, a parameter, an id, a header. */
export const invalid = failure(400, 'invalid')
/** Known to FHIR, not to this server. */
export const unsupported = failure(422, 'not-supported')
/** A web page of an origin that may not. */
export const forbidden = failure(403, 'forbidden')
export const notFound = failure(404, 'not-found')
export const gone = failure(410, 'deleted')
/** A link whose time is over. */
export const expired = failure(410, 'expired')
export const conflict = failure(409, 'conflict')
/** If-Match or If-None-Match does not hold. */
export const mismatch = failure(412, 'conflict')
/** A conditional interaction found more than one. */
export const ambiguous = failure(412, 'multiple-matches')
/** Expect says what is not known here. */
export const unexpected = failure(417, 'not-supported')
/** Called by a name that is not this server's. */
export const misdirected = failure(421, 'security')
export const notAcceptable = failure(406, 'not-supported')
export const unsupportedMedia = failure(415, 'not-supported')
export const tooLarge = failure(413, 'too-long')
export const addressTooLong = failure(414, 'too-long')
export const tooCostly = failure(422, 'too-costly')
export const throttled = later(429, 'throttled')
/** Something outside the request's control: the store is full, busy or closing. */
export const unavailable = later(503, 'transient')
export const storageFull = later(507, 'no-store')
export const timedOut = later(503, 'timeout')

/** A rule of FHIR or of a profile is broken: all issues at once. */
export const rejected = (issues: Issue[]): FhirError => new FhirError(422, issues)

/** The method exists, but not here. `allow` lists those that do. */
export const notAllowed = (diagnostics: string, allow: string[]): FhirError =>
  new FhirError(405, [issue('not-supported', diagnostics)], {
    headers: { Allow: allow.join(', ') },
  })

/** https://hl7.org/fhir/R4/http.html#ops: what a caller would like back, and how strict to be. */
import { invalid } from '../resources/error.ts'
import type { FhirRequest } from './request.ts'

interface Prefer {
  return?: 'minimal' | 'representation' | 'OperationOutcome'
  handling?: 'strict' | 'lenient'
}

const none: Prefer = {}
const returns = ['minimal', 'representation', 'OperationOutcome'] as const
const handlings = ['strict', 'lenient'] as const

/** Reads the Prefer header; the first of a name counts, and what is unknown is passed over (RFC 7240 section 2). */
export function preferOf(request: FhirRequest): Prefer {
  const header = request.headers.prefer
  if (header === undefined) return none
  const prefer: Prefer = {}
  for (const part of header.split(/[,;]/)) {
    const [name = '', value = ''] = part
      .split('=')
      .map(text => text.trim().replace(/^"|"$/g, '').toLowerCase())
    if (name === 'return') {
      const found = returns.find(each => each.toLowerCase() === value)
      if (found) prefer.return ??= found
    }
    if (name === 'handling') {
      const found = handlings.find(each => each === value)
      if (found) prefer.handling ??= found
    }
  }
  return prefer
}

/** Refuses parameters that `what` does not have (400), unless the caller prefers lenient handling. */
export function refuseUnknown(
  request: FhirRequest,
  known: ReadonlySet<string>,
  what: string,
): void {
  if (request.query.length === 0) return
  if (request.query.every(([name]) => known.has(name))) return
  if (preferOf(request).handling !== 'lenient')
    throw invalid(`${what} takes the parameters ${[...known].join(', ')} only`)
}

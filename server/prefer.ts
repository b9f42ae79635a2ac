/** https://hl7.org/fhir/R4/http.html#ops: what a caller would like back, and how strict to be. */
import { invalid } from '../resources/error.ts'
import type { FhirRequest } from './request.ts'

export interface Prefer {
  return?: 'minimal' | 'representation' | 'OperationOutcome'
  handling?: 'strict' | 'lenient'
}

const none: Prefer = {}

/** Reads the Prefer header; preferences that FHIR does not have are passed over, as the header's specification asks. */
export function preferOf(request: FhirRequest): Prefer {
  const header = request.headers.prefer
  if (header === undefined) return none
  const prefer: Prefer = {}
  for (const part of header.split(/[,;]/)) {
    const [name = '', value = ''] = part.split('=').map(text => text.trim().replace(/^"|"$/g, ''))
    if (name.toLowerCase() === 'return') prefer.return = readReturn(value)
    if (name.toLowerCase() === 'handling') prefer.handling = readHandling(value)
  }
  return prefer
}

function readReturn(value: string): NonNullable<Prefer['return']> {
  const all = ['minimal', 'representation', 'OperationOutcome'] as const
  const found = all.find(each => each.toLowerCase() === value.toLowerCase())
  if (!found) throw invalid('Prefer: return takes minimal, representation or OperationOutcome')
  return found
}

function readHandling(value: string): NonNullable<Prefer['handling']> {
  if (value !== 'strict' && value !== 'lenient')
    throw invalid('Prefer: handling takes strict or lenient')
  return value
}

/**
 * The commonest clinical question is a patient with a code or category: these types have the two as one value, so that
 * the answer is one short range in every store.
 */
import type { Extract } from '../store.ts'

const paired: Readonly<Record<string, { subject: string; params: readonly string[] }>> = {
  Condition: { subject: 'subject', params: ['code', 'category'] },
  DiagnosticReport: { subject: 'subject', params: ['code', 'category'] },
  MedicationRequest: { subject: 'subject', params: ['code'] },
  Observation: { subject: 'subject', params: ['code', 'category'] },
  ServiceRequest: { subject: 'subject', params: ['code', 'category'] },
}

export interface Pair {
  patient: string
  param: string
  code: string
  system: string
}

/** The pairs of a resource whose subject is a patient. */
export function pairsOf(type: string, { rows, patient }: Extract): Pair[] {
  if (patient === undefined || !Object.hasOwn(paired, type)) return []
  const { subject, params } = paired[type] ?? { subject: '', params: [] }
  const target = `Patient/${patient}`
  // A performer may be a patient too.
  let isSubject = false
  const pairs: Pair[] = []
  for (const row of rows)
    if (row.kind === 'token') {
      if (row.first === undefined && params.includes(row.param))
        pairs.push({ patient, param: row.param, code: row.code, system: row.system })
    } else if (row.kind === 'reference' && row.param === subject && row.target === target)
      isSubject = true
  return isSubject ? pairs : []
}

/** Whether the patient of a pair is the one of this parameter. */
export const isPairing = (type: string, reference: string): boolean =>
  Object.hasOwn(paired, type) && paired[type]?.subject === reference

/** Whether a search by this reference parameter and this token is answered by pairs. */
export const isPaired = (type: string, reference: string, token: string): boolean =>
  isPairing(type, reference) && paired[type]?.params.includes(token) === true

/** Composites whose parts are of the resource itself: what they say is what both parts say, each by itself. */
const composites: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Observation: { 'code value-quantity': 'code-value-quantity' },
}

/** The composite that answers a search by this token and this value. */
export const compositeOf = (type: string, token: string, value: string): string | undefined =>
  Object.hasOwn(composites, type) ? composites[type]?.[`${token} ${value}`] : undefined

/** The token by which whatever has such a composite is found too. */
export function tokenOf(type: string, composite: string): string | undefined {
  const all = Object.hasOwn(composites, type) ? Object.entries(composites[type] ?? {}) : []
  return all.find(([, name]) => name === composite)?.[0].split(' ')[0]
}

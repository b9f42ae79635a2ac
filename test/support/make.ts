/** Resources and requests for tests; each maker takes what should differ. */
import type { Test } from 'supertest'
import type { App } from './app.ts'

export const patient = (more: object = {}): object => ({ resourceType: 'Patient', ...more })

export const observation = (more: object = {}): object => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'glucose' },
  ...more,
})

export const mrn = 'http://example.org/mrn'
export const numbered = (value: string, more: object = {}): object =>
  patient({ identifier: [{ system: mrn, value }], ...more })

/** A search parameter of a tenant's own: of patients, unless `more` says otherwise. */
export const ownParameter = (
  code: string,
  type: string,
  expression: string,
  more: object = {},
): object => ({
  resourceType: 'SearchParameter',
  id: code,
  url: `http://example.org/${code}`,
  name: code,
  status: 'active',
  description: code,
  code,
  base: ['Patient'],
  type,
  expression,
  ...more,
})

export interface Sent {
  headers?: Record<string, string>
  type?: string
}

/** Sends a body as FHIR JSON to a path after /fhir/; a string goes as it is. */
export function send(
  app: App,
  [method, path]: [method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string],
  body?: unknown,
  { headers = {}, type = 'application/fhir+json' }: Sent = {},
): Test {
  const request = app.request[method.toLowerCase() as 'post'](`/fhir/${path}`).set(headers)
  if (body === undefined) return request
  return request
    .set('Content-Type', type)
    .send(typeof body === 'string' ? body : JSON.stringify(body))
}

/** Stores a resource under an id of the test's choice, as its next version. */
export async function put(app: App, resource: object): Promise<void> {
  const { resourceType, id } = resource as { resourceType: string; id: string }
  const { status, text } = await send(app, ['PUT', `${resourceType}/${id}`], resource)
  if (status > 201) throw new Error(`${status} ${text}`)
}

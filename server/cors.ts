/** https://hl7.org/fhir/R4/http.html#cors and https://fetch.spec.whatwg.org/#http-cors-protocol */
import { forbidden } from '../resources/error.ts'
import { isContent } from './binary.ts'
import type { Config } from './config.ts'
import type { Middleware } from './pages.ts'
import type { FhirRequest } from './request.ts'

const exposed =
  'ETag, Location, Content-Location, Last-Modified, X-Request-Id, X-Correlation-Id, X-Security-Context, Retry-After'
const methods = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'

/** Pages of the origins that are named may call; what a browser asks by OPTIONS before they do is answered here. */
export function cors({ corsOrigins: origins }: Config): Middleware {
  return (request, response, next) => {
    const { origin } = request.headers
    // Also without an origin: a cache must not give that answer to the page of one.
    if (origins.size > 0) response.setHeader('Vary', 'Origin')
    if (origin && (origins.has('*') || origins.has(origin))) {
      response.setHeader('Access-Control-Allow-Origin', origins.has('*') ? '*' : origin)
      response.setHeader('Access-Control-Expose-Headers', exposed)
    }
    const { 'access-control-request-method': method } = request.headers
    const isPreflight = origin !== undefined && method !== undefined
    // https://www.rfc-editor.org/rfc/rfc9110#section-9.3.7: * is the server itself.
    if (request.method !== 'OPTIONS' || !(isPreflight || request.url === '*')) return next()
    const headers = request.headers['access-control-request-headers']
    if (response.hasHeader('Access-Control-Allow-Origin')) {
      response.setHeader('Access-Control-Allow-Methods', methods)
      if (headers) response.setHeader('Access-Control-Allow-Headers', headers)
      response.setHeader('Access-Control-Max-Age', '600')
    }
    response.writeHead(204).end()
  }
}

/**
 * A browser asks before a page of another origin sends JSON, but lets it send plain text, which would be stored as a Binary.
 * Throws 403. https://fetch.spec.whatwg.org/#cors-safelisted-request-header
 */
export function refuseForeign(request: FhirRequest, { corsOrigins: origins }: Config): void {
  const { origin, host } = request.headers
  if (origin === undefined || !isContent(request)) return
  if (origins.has('*') || origins.has(origin)) return
  const from = URL.parse(origin)?.host
  if (from !== undefined && (from === host || from === URL.parse(request.base)?.host)) return
  throw forbidden('a page of this origin may not write here: CORS_ORIGINS names those that may')
}

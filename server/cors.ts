/** https://hl7.org/fhir/R4/http.html#cors and https://fetch.spec.whatwg.org/#http-cors-protocol */
import type { Config } from './config.ts'
import type { Middleware } from './pages.ts'

const exposed =
  'ETag, Location, Content-Location, Last-Modified, X-Request-Id, X-Correlation-Id, Retry-After'
const methods = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'

/** Pages of the origins that are named may call; every OPTIONS is answered here. */
export function cors({ corsOrigins: origins }: Config): Middleware {
  return (request, response, next) => {
    const { origin } = request.headers
    // Also without an origin: a cache must not give that answer to the page of one.
    if (origins.size > 0) response.setHeader('Vary', 'Origin')
    if (origin && (origins.has('*') || origins.has(origin))) {
      response.setHeader('Access-Control-Allow-Origin', origins.has('*') ? '*' : origin)
      response.setHeader('Access-Control-Expose-Headers', exposed)
    }
    if (request.method !== 'OPTIONS') return next()
    const headers = request.headers['access-control-request-headers']
    if (origin && response.hasHeader('Access-Control-Allow-Origin')) {
      response.setHeader('Access-Control-Allow-Methods', methods)
      if (headers) response.setHeader('Access-Control-Allow-Headers', headers)
      response.setHeader('Access-Control-Max-Age', '600')
    }
    response.setHeader('Allow', methods)
    response.writeHead(204).end()
  }
}

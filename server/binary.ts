/** A Binary as what it holds, in the content's own type. https://hl7.org/fhir/R4/binary.html#rest */
import { invalid, tooLarge } from '../resources/error.ts'
import { type JsonLimits, parseStored } from '../resources/json.ts'
import { isObject } from '../resources/resource.ts'
import { formatOf, formType, isOfFhir, qualityOfName, qualityOfType } from './formats.ts'
import type { FhirRequest, FhirResponse } from './request.ts'

/** What a body may be: as JSON, and all of it. */
export interface BodyLimits extends JsonLimits {
  /** Bytes, and so characters of a resource. */
  body: number
}

const token = "[\\w!#$%&'*+.^`|~-]+"
const mediaType = new RegExp(`^${token}/${token}( ?; ?${token}=(${token}|"[ !#-[\\]-~]*"))*$`)
const unknownType = 'application/octet-stream'

const nameOf = (type: string): string => type.split(';', 1)[0]?.trim().toLowerCase() ?? ''

/** Forms are what curl and browsers send where nobody said what it is. */
const formTypes = new Set([formType, 'multipart/form-data'])

/** Whether the body of this write is the content of a Binary, not a resource. */
export function isContent({ method, path, headers }: FhirRequest): boolean {
  if (path[0] !== 'Binary' || path.length > (method === 'PUT' ? 2 : 1)) return false
  if (method !== 'POST' && method !== 'PUT') return false
  const type = headers['content-type'] ?? ''
  const name = nameOf(type)
  return mediaType.test(spaced(type)) && !isOfFhir(name) && !formTypes.has(name)
}

/** A code has no spaces at its ends, and none doubled. */
const spaced = (type: string): string => type.trim().replace(/\s+/g, ' ')

/** The Binary that holds what was sent. Throws 413 where the resource would be larger than one may be, or 400. */
export function binaryOf(
  { path, headers }: FhirRequest,
  bytes: Buffer,
  limits: BodyLimits,
): object {
  const context = headers['x-security-context']
  if (context !== undefined && !/^[\x21-\x7e]+$/.test(context))
    throw invalid('X-Security-Context takes one reference, such as Patient/1')
  const most = Math.min(limits.body, limits.string)
  if (Math.ceil(bytes.length / 3) * 4 > most)
    throw tooLarge(
      `content may have ${Math.floor(most / 4) * 3} bytes: as base64 it must be within MAX_BODY and MAX_STRING`,
    )
  return {
    resourceType: 'Binary',
    ...(path[1] === undefined ? {} : { id: path[1] }),
    contentType: spaced(headers['content-type'] ?? ''),
    ...(context === undefined ? {} : { securityContext: { reference: context } }),
    ...(bytes.length === 0 ? {} : { data: bytes.toString('base64') }),
  }
}

/** Whether this reads one Binary and does not say by `_format` that it wants the resource. */
export const readsBinary = ({ method, path, query }: FhirRequest): boolean =>
  path[0] === 'Binary' &&
  (path.length === 2 || path.length === 4) &&
  (method === 'GET' || method === 'HEAD') &&
  query.every(([name]) => name !== '_format')

/** The answer to a read of a Binary with the content in place of the resource, unless Accept prefers the resource. Throws 406. */
export function contentOf(request: FhirRequest, answer: FhirResponse): FhirResponse {
  if (answer.version?.type !== 'Binary') return answer
  const uncached = { ...answer, headers: { ...answer.headers, 'Cache-Control': notKept } }
  if (answer.status !== 200) return uncached
  const { json, resource: _, ...rest } = uncached
  const binary = json === undefined ? undefined : parseStored(json)
  const type = isObject(binary) ? typeOf(binary.contentType) : unknownType
  if (!isObject(binary) || !prefersContent(request.headers.accept, nameOf(type))) {
    formatOf(request)
    return uncached
  }
  const { data, securityContext } = binary
  return {
    ...rest,
    headers: {
      ...rest.headers,
      'Content-Type': type,
      ...guards(nameOf(type)),
      ...contextHeader(securityContext),
    },
    content: Buffer.from(typeof data === 'string' ? data : '', 'base64'),
  }
}

/**
 * Content and resource have one address, and one tag: that of the version. What a browser holds of the one it would show for
 * the other, as a 304 does not tell which it means. https://www.rfc-editor.org/rfc/rfc9111#section-4.3.1
 */
const notKept = 'private, no-store'

/** What is stored as a resource may have any code there. */
const typeOf = (type: unknown): string =>
  typeof type === 'string' && mediaType.test(type) ? type : unknownType

/** The resource goes to those who name its type; by a general name, such as application/json, where the content is less wanted. */
function prefersContent(accept: string | undefined, type: string): boolean {
  const content = qualityOfType(accept, type)
  const general = ['application/json', 'text/json'].filter(name => name !== type)
  return (
    content > qualityOfName(accept, 'application/fhir+json') &&
    general.every(name => content >= qualityOfName(accept, name))
  )
}

/** Shown by a browser without running anything. */
const isShown = (type: string): boolean =>
  type === 'text/plain' || type === 'application/pdf' || /^(image|audio|video)\/(?!svg)/.test(type)

/** Anyone may have stored it, and it comes from where our own pages come from. */
const guards = (type: string): Record<string, string> => ({
  'X-Content-Type-Options': 'nosniff',
  // A browser shows no PDF in a sandbox; what shows it runs outside of our origin.
  ...(type === 'application/pdf' ? {} : { 'Content-Security-Policy': sandbox }),
  ...(isShown(type) ? {} : { 'Content-Disposition': 'attachment' }),
})
const sandbox = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

function contextHeader(context: unknown): Record<string, string> {
  const reference = isObject(context) ? context.reference : undefined
  return typeof reference === 'string' && /^[\x21-\x7e]+$/.test(reference)
    ? { 'X-Security-Context': reference }
    : {}
}

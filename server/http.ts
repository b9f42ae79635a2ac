/** Express request to FhirRequest, and FhirResponse to Express. */
import { isUtf8 } from 'node:buffer'
import type { OutgoingHttpHeaders } from 'node:http'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { Request, Response } from 'express'
import {
  addressTooLong,
  FhirError,
  invalid,
  tooLarge,
  unsupportedMedia,
} from '../resources/error.ts'
import { decodeUtf8, parseJson, parseStored } from '../resources/json.ts'
import type { Resource } from '../resources/resource.ts'
import { type BodyLimits, binaryOf, isContent } from './binary.ts'
import {
  accepted,
  type Format,
  formatNamed,
  formType,
  isOtherVersion,
  notAPatch,
  patchTypes,
} from './formats.ts'
import { operations } from './operations.ts'
import { readQuery } from './query.ts'
import type { FhirRequest, FhirResponse } from './request.ts'
import { findRoute } from './route.ts'

/** Longer addresses are searches by POST. */
const longestUrl = 16 * 1024

/** What was asked for, as data, but for its body. Throws a FhirError for what cannot be read. */
export function readRequest(request: Request, base: string): FhirRequest {
  const { url, method } = request
  if (url.length > longestUrl)
    throw addressTooLong(`an address has ${longestUrl} characters at most: search by POST _search`)
  const cut = url.indexOf('?')
  const fhir: FhirRequest = {
    method,
    path: readPath(cut < 0 ? url : url.slice(0, cut)),
    query: cut < 0 ? [] : readQuery(url.slice(cut + 1)),
    headers: request.headers as FhirRequest['headers'],
    base,
  }
  if (fhir.headers['if-none-exist'] !== undefined) readCriteria(fhir.headers)
  return fhir
}

/** Node takes the bytes of a header for Latin-1; misread criteria would find nothing, and store a second one. */
function readCriteria(headers: FhirRequest['headers']): void {
  const bytes = Buffer.from(headers['if-none-exist'] ?? '', 'latin1')
  if (!isUtf8(bytes)) throw invalid('If-None-Exist is not UTF-8: percent-encode its values')
  headers['if-none-exist'] = bytes.toString('utf8')
}

function readPath(path: string): string[] {
  const steps = path.split('/')
  if (steps[0] === '') steps.shift()
  if (steps.at(-1) === '') steps.pop()
  if (!path.includes('%')) return steps
  try {
    return steps.map(decodeURIComponent)
  } catch {
    throw invalid('the address is not correctly percent-encoded')
  }
}

/** Longer texts are parsed in turns. */
const longText = 128 * 1024

/** Adds what came as the body, if any did. Throws a FhirError, or is rejected with one, for what cannot be read. */
export function readBody(
  fhir: FhirRequest,
  bytes: unknown,
  limits: BodyLimits,
): Promise<void> | undefined {
  if (!Buffer.isBuffer(bytes)) return undefined
  // Where nothing takes a body, 405 tells more than that it has the wrong type.
  findRoute(fhir, operations)
  if (isContent(fhir)) {
    fhir.body = binaryOf(fhir, bytes, limits)
    return undefined
  }
  if (bytes.length === 0) return undefined
  const header = fhir.headers['content-type'] ?? ''
  const [mediaType = '', ...parameters] = header.split(';').map(text => text.trim().toLowerCase())
  const charset = parameters
    .find(text => text.startsWith('charset='))
    ?.slice(8)
    .replaceAll('"', '')
  if (charset && charset !== 'utf-8' && charset !== 'utf8')
    throw unsupportedMedia('the body must be UTF-8')
  if (parameters.some(isOtherVersion))
    throw unsupportedMedia('the body must be of FHIR 4.0: no other fhirVersion is stored here')
  const ofBinary = fhir.path[0] === 'Binary'
  if (mediaType === formType) {
    if (fhir.path.at(-1) !== '_search')
      throw unsupportedMedia(
        `a form is for POST _search only; send ${ofBinary ? 'content in its own type' : 'resources as application/fhir+json'}`,
      )
    fhir.query = [...fhir.query, ...readQuery(decodeUtf8(bytes))]
    return undefined
  }
  if (fhir.path.at(-1) === '_search') throw unsupportedMedia(`POST _search takes ${formType}`)
  if (patchTypes.has(mediaType) && fhir.method === 'PATCH') {
    fhir.body = parseJson(decodeUtf8(bytes), limits)
    return undefined
  }
  const format = formatNamed(mediaType)
  if (!format && fhir.method === 'PATCH') throw notAPatch()
  if (!format || mediaType === '')
    throw unsupportedMedia(
      `the body must be one of ${accepted.join(', ')}${ofBinary ? ', or content in its own type (not XML, no form)' : ''}: say which in Content-Type`,
    )
  const text = decodeUtf8(bytes)
  if (text.length > longText)
    return format.parseInTurns(text, limits).then(body => {
      fhir.body = body
    })
  fhir.body = format.parse(text, limits)
  return undefined
}

const isPretty = (fhir: FhirRequest | undefined): boolean =>
  fhir !== undefined &&
  fhir.query.length > 0 &&
  fhir.query.some(([name, value]) => name === '_pretty' && value === 'true')

/** An id of the caller's that ours replaced is given back, so that it can tell which of its requests this was. */
const longestEcho = 256

/** Shorter answers do not gain by packing. */
const worthPacking = 1024

/** How an answer is sent. */
export interface Sending {
  /** Of the request. */
  id: string
  fhir?: FhirRequest | undefined
  format: Format
}

/**
 * The end of this turn of the event loop. Answers that are sent one right after another wake a waiting client once; waking
 * it for each costs the system more than all the rest of a read.
 */
const endOfTurn = (): Promise<void> =>
  (ending ??= new Promise(resolve =>
    setImmediate(() => {
      ending = undefined
      resolve()
    }),
  ))
let ending: Promise<void> | undefined

/** Sends an answer. What is stored goes out as it is, unless it is to be pretty. */
export async function sendAnswer(
  response: Response,
  answer: FhirResponse,
  { id, fhir, format }: Sending,
): Promise<void> {
  await endOfTurn()
  // All headers go in one call: those set before would make writing the head slow.
  const headers: OutgoingHttpHeaders = {
    'X-Request-Id': id,
    'Cache-Control': kept,
    Vary: response.hasHeader('Vary') ? `Origin, ${varies}` : varies,
    ...answer.headers,
  }
  const theirs = response.req.headers['x-request-id']
  if (theirs !== undefined && theirs !== id && theirs.length <= longestEcho)
    headers['X-Correlation-Id'] = theirs
  if (answer.stream) return sendStream(response, headers, answer)
  if (answer.content) return sendContent(response, headers, answer)
  const text = textOf(answer, format, isPretty(fhir))
  const bodiless = answer.status === 304 || answer.status === 204
  if (text === undefined || bodiless) {
    if (!bodiless) headers['Content-Length'] = 0
    response.writeHead(answer.status, headers).end()
    return
  }
  headers['Content-Type'] = `${format.mediaType}; charset=utf-8`
  const encoding = text.length > worthPacking ? encodingOf(response) : undefined
  if (encoding) headers['Content-Encoding'] = encoding
  const body = encoding ? await pack(encoding, text) : text
  const length = Buffer.byteLength(body)
  headers['Content-Length'] = length
  response.writeHead(answer.status, headers)
  if (response.req.method === 'HEAD') response.end()
  // All ASCII, which leaves without being encoded anew.
  else if (typeof body === 'string' && length === body.length) response.end(body, 'latin1')
  else response.end(body)
}

/** Without a word on it caches guess from Last-Modified how long an answer holds, and show what was replaced. */
const kept = 'private, no-cache'
const varies = 'Accept, Accept-Encoding'

function textOf(answer: FhirResponse, format: Format, pretty: boolean): string | undefined {
  if (answer.json === undefined) {
    const resource = answer.resource ?? (answer.outcome as Resource | undefined)
    return resource && shown(format, resource, pretty)
  }
  return pretty ? shown(format, parseStored(answer.json) as Resource, true) : answer.json
}

/** What is to be pretty is read on a terminal, so its line ends. */
const shown = (format: Format, resource: Resource, pretty: boolean): string =>
  format.print(resource, pretty) + (pretty ? '\n' : '')

const brotli = promisify(brotliCompress)
const zip = promisify(gzip)
const quick = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }
const pack = (encoding: 'br' | 'gzip', text: string): Promise<Buffer> =>
  encoding === 'br' ? brotli(text, quick) : zip(text, { level: 4 })

function encodingOf(response: Response): 'br' | 'gzip' | undefined {
  if (response.req.headers['accept-encoding'] === undefined) return undefined
  const best = response.req.acceptsEncodings(['br', 'gzip'])
  return best === 'br' || best === 'gzip' ? best : undefined
}

async function sendStream(
  response: Response,
  headers: OutgoingHttpHeaders,
  answer: FhirResponse,
): Promise<void> {
  response.writeHead(answer.status, headers)
  for await (const chunk of answer.stream ?? [])
    if (!response.write(chunk)) await new Promise(resolve => response.once('drain', resolve))
  response.end()
}

function sendContent(
  response: Response,
  headers: OutgoingHttpHeaders,
  { status, content }: FhirResponse,
): void {
  response.writeHead(status, { ...headers, 'Content-Length': content?.byteLength })
  if (response.req.method === 'HEAD') response.end()
  else response.end(content)
}

/** What reading a body failed with, as a FhirError; anything else as it is. */
export function asFhirError(error: unknown): unknown {
  if (!Error.isError(error) || error instanceof FhirError) return error
  const { type, status } = error as { type?: string; status?: number }
  if (type === 'entity.too.large')
    return tooLarge('the body is larger than the limit (MAX_BODY): send it in parts')
  if (type === 'encoding.unsupported')
    return unsupportedMedia('Content-Encoding may be gzip, deflate, br or zstd')
  if (type === 'request.aborted' || type === 'request.size.invalid' || status === 400)
    return invalid(
      'the body could not be read: it is shorter than announced or not packed as it says',
    )
  return error
}

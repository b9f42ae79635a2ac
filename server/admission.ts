/** Who is let in: what is meant for this server, as much as it can work on, and no more than it can hold. */

import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import {
  type FhirError,
  invalid,
  misdirected,
  unavailable,
  unexpected,
} from '../resources/error.ts'
import type { Config } from './config.ts'
import type { Middleware } from './pages.ts'

/** What the server is busy with now. */
export interface Running {
  /** Requests worked on. */
  count: number
  /** Bytes of their bodies, as far as they are announced. */
  bytes: number
}

/**
 * While nobody signs in, a page of another origin must not reach the server by a name of its own that it lets lead here
 * (DNS rebinding): only addresses, localhost and the name of BASE_URL are answered.
 */
export function ownHost({ host, baseUrl }: Config): Middleware {
  const names = new Set([host, 'localhost', baseUrl && new URL(baseUrl).hostname])
  let last: string | undefined
  return (request, _response, next) => {
    const { host: header, expect } = request.headers
    if (expect !== undefined && expect.toLowerCase() !== '100-continue')
      throw unexpected('Expect takes 100-continue only')
    // https://www.rfc-editor.org/rfc/rfc9112#section-3.2
    if (header === undefined && request.httpVersion === '1.1')
      throw invalid('Host is missing: it names the server that is meant')
    // Nearly all come by the same name.
    if (header !== undefined && header === last) return next()
    const name = nameIn(header ?? '')
    if (name === '' || isIP(name) || names.has(name)) {
      last = header
      return next()
    }
    throw misdirected(
      'the server is not known by the name in Host: set BASE_URL to the address it is called by',
    )
  }
}

const authority = /^https?:\/\/([^/?#:][^/?#]*)\/?/i

/**
 * Cuts a target as a proxy gets it down to its path; the name in it holds, and not Host.
 * https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2
 */
export function cutTarget(request: IncomingMessage): void {
  const { url = '', headers, httpVersion } = request
  if (url.startsWith('/') || (headers.host === undefined && httpVersion === '1.1')) return
  const [whole, name] = authority.exec(url) ?? []
  if (whole === undefined) return
  request.url = `/${url.slice(whole.length)}`
  headers.host = name
}

/** Without the port, and without the brackets of an IPv6 address. */
const nameIn = (host: string): string =>
  host
    .replace(/:\d*$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase()

/** Bytes of bodies held at once, unless a single one may be larger. */
const mostBytes = 256 * 1024 * 1024

/** Counts a request in; answers how to count it out. */
export function enter(running: Running, request: IncomingMessage, config: Config): () => void {
  const bytes = bytesOf(request, config)
  running.count++
  running.bytes += bytes
  return () => {
    running.count--
    running.bytes -= bytes
  }
}

/** 503 where it is too much, so that the body is not even read; absent: it is not. */
export function tooMuch(running: Running, { maxRunning, maxBody }: Config): FhirError | undefined {
  return running.count > maxRunning || running.bytes > Math.max(mostBytes, maxBody)
    ? unavailable('the server is busy: try again shortly', 1)
    : undefined
}

const readsBody = new Set(['POST', 'PUT', 'PATCH'])
export const hasBody = ({ method = '' }: IncomingMessage): boolean => readsBody.has(method)

/** A packed body, or one of unknown length, may become as large as any. */
function bytesOf(request: IncomingMessage, { maxBody }: Config): number {
  if (!hasBody(request)) return 0
  const { 'content-length': length, 'content-encoding': packed } = request.headers
  return length === undefined || packed !== undefined ? maxBody : Math.min(Number(length), maxBody)
}

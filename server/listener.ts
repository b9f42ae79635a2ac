/** The HTTP server: how long clients may take, how it begins and how it ends. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Server as NetServer } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Config } from './config.ts'

/** Where the server is reached on its own machine; an IPv6 address stands in brackets. */
export const originOf = ({ host }: Config, port: number): string =>
  `http://${host.includes(':') ? `[${host}]` : host}:${port}`

/** Milliseconds between two looks for clients that are too slow. */
export const checkEvery = ({ requestTime }: Config): number =>
  Math.min(5000, Math.ceil(requestTime / 4))

/** A client that is slow or silent does not hold a connection for ever. */
export function setTimes(server: Server, { requestTime }: Config, open: OpenAnswers): void {
  server.headersTimeout = Math.min(requestTime, 20_000)
  server.requestTimeout = requestTime
  server.keepAliveTimeout = 65_000
  // Whoever does not read the answer; silent senders get their 408 before.
  server.timeout = requestTime * 2 + 10_000
  // Left to Node, what it does not know is refused without a word.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response))
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable) {
      socket.destroy()
      return
    }
    // What came whole before the malformed part gets its own answer: another one would say that it was not done.
    const before = open.on(socket).findLast(({ req }) => req.complete)
    if (before) before.once('close', () => end(socket))
    else end(socket, answerTo(error))
  })
}

/** A client that keeps its side of the connection open does not keep ours. */
function end(socket: Duplex, text = ''): void {
  socket.end(text, () => socket.destroy())
}

/** Answers that are not sent to their end yet. */
export interface OpenAnswers {
  count(): number
  /** In the order of their requests. */
  on(connection: Duplex): ServerResponse[]
}

export function openAnswers(server: Server): OpenAnswers {
  // Not one Set of them: its former tables lead from each answer to the next, and keep all until the old generation is cleared.
  const byConnection = new WeakMap<Duplex, ServerResponse[]>()
  let count = 0
  server.on('connection', (connection: Duplex) => byConnection.set(connection, []))
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    const open = byConnection.get(socket) ?? []
    open.push(response)
    count++
    response.once('close', () => {
      open.splice(open.indexOf(response), 1)
      count--
    })
    // Its client must not send another request that nobody would take.
    if (!server.listening) response.shouldKeepAlive = false
  })
  return { count: () => count, on: connection => byConnection.get(connection) ?? [] }
}

const clientErrors: Record<string, [string, string]> = {
  HPE_INVALID_URL: [
    '400 Bad Request',
    'the address has characters that must be percent-encoded, as UTF-8',
  ],
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    'the headers are larger than 32 KiB',
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [
    '408 Request Timeout',
    'the request did not arrive in time (REQUEST_TIME)',
  ],
}

function answerTo({ code = '' }: NodeJS.ErrnoException): string {
  const [status, words] = clientErrors[code] ?? ['400 Bad Request', 'the request is malformed']
  const body = JSON.stringify({
    resourceType: 'OperationOutcome',
    issue: [{ severity: 'error', code: 'invalid', diagnostics: words }],
  })
  return `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/fhir+json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

/** Resolves when the server takes connections; rejects saying so when its port is taken. */
export function listening(server: Server, { host, port }: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`port ${port} of ${host} is taken: choose another PORT`, { cause: error })
          : error,
      ),
    )
    server.listen(port, host, resolve)
  })
}

/** ms between two looks for connections that became idle. */
const lookEvery = 50

/** Takes no more connections, lets running requests finish for `ms`, then ends them. */
export async function stopped(server: Server, ms: number, open: OpenAnswers): Promise<void> {
  if (!server.listening) return
  // The close of an HTTP server ends what it takes for idle: also an answer that its client has not read to the end.
  const closed = new Promise(resolve => NetServer.prototype.close.call(server, resolve))
  // A client may keep its connection after the last answer, and must not keep the server by it.
  const idle = setInterval(() => open.count() === 0 && server.closeIdleConnections(), lookEvery)
  const late = setTimeout(() => server.closeAllConnections(), ms)
  await closed
  clearInterval(idle)
  clearTimeout(late)
}

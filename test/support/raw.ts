/** Bytes on a socket, for what no HTTP client would send. */
import { connect, type Socket } from 'node:net'

interface Wire {
  socket: Socket
  /** All that came back so far. */
  text(): string
  /** Resolves with all that came back when the server ends the connection. */
  closed: Promise<string>
}

export function wire(url: string, first?: string | Buffer): Wire {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let text = ''
  socket.on('data', chunk => {
    text += chunk.toString('latin1')
  })
  // A connection that is reset has come to its end too.
  socket.on('error', () => {})
  const closed = new Promise<string>(resolve => socket.once('close', () => resolve(text)))
  if (first !== undefined) socket.write(first)
  return { socket, text: () => text, closed }
}

/** Lines of a request's head, as they go over the wire. */
export const head = (...lines: string[]): string => `${lines.join('\r\n')}\r\n\r\n`

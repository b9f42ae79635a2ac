import pino, { type Logger } from 'pino'
import { FhirError, issue } from '../resources/error.ts'

export type Log = Logger

/**
 * Characters that leave in one write: as many as a pipe takes in one piece, so that the lines of several processes stay
 * whole. https://pubs.opengroup.org/onlinepubs/9799919799/functions/write.html
 */
const block = 4096
/** ms after which a quiet server shows its lines. */
const soon = 200

/** One line of level `info`, of values that need no care: the log of requests, where pino's generality costs a tenth of a read. */
export function writeLine(log: Log, fields: Record<string, string | number | undefined>): void {
  if (log.isLevelEnabled('info'))
    destination?.write(`${JSON.stringify({ level: 30, ...fields })}\n`)
}

/** JSON lines on standard output: ids, never contents. They leave in blocks; `flush` before the end. */
export function createLog(level: string): Log {
  destination ??= blocks(process.stdout)
  return pino({ level, base: null, serializers: { err: told, cause: told } }, destination)
}

/** The error to answer with. What is none of ours is a bug: 500 with the request's id and no data; the log gets the rest. */
export function failureOf(thrown: unknown, id: string, log: Log): FhirError {
  const known = thrown instanceof FhirError
  if (!known || thrown.status >= 500)
    log.error({ request: id, err: thrown, cause: (thrown as Error)?.cause })
  return known
    ? thrown
    : new FhirError(500, [
        issue('exception', `the server failed on request ${id}: tell its operator this id`),
      ])
}

/** An error's own further properties may hold what a request did. */
function told(error: unknown): unknown {
  if (!Error.isError(error)) return undefined
  const { name, message, stack } = error
  return { type: name, message, stack, code: (error as NodeJS.ErrnoException).code }
}

/** Standard output is one for the process. */
let destination: ReturnType<typeof blocks> | undefined

/** In place of pino's own, whose buffering costs a quarter of a read. */
function blocks(out: NodeJS.WriteStream) {
  let held = ''
  const flush = (done?: () => void) => {
    const text = held
    held = ''
    if (text) out.write(text)
    done?.()
  }
  // Whoever read the lines is gone; the server goes on. Where tests make all anew in one process, one listener is enough.
  if (out.listenerCount('error') === 0) out.on('error', () => {})
  setInterval(() => flush(), soon).unref()
  process.once('exit', () => flush())
  return {
    write(line: string): void {
      if (held.length + line.length > block) flush()
      held += line
    },
    flush,
  }
}

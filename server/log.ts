import pino, { type Logger } from 'pino'

export type Log = Logger

/** JSON lines on standard output: ids, never contents. Written in blocks; `flush` before the end. */
export function createLog(level: string): Log {
  const stream = pino.destination({ dest: 1, sync: false, minLength: 4096 })
  const log = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream)
  // A quiet server still shows its last lines.
  setInterval(() => log.flush(), 500).unref()
  return log
}

import pino, { type Logger } from 'pino'

export type Log = Logger

/**
 * JSON lines on standard output: ids, never contents. Written in blocks, from this thread: waking another for each costs
 * more than the write. `flush` before the end.
 */
export function createLog(level: string): Log {
  const stream = pino.destination({ dest: 1, sync: true, minLength: 8192 })
  const log = pino({ level, base: null }, stream)
  // A quiet server still shows its last lines.
  setInterval(() => log.flush(), 500).unref()
  return log
}

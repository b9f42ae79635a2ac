/** Keeps a server busy: one request at a time on each of some connections. */
import { Pool } from 'undici'

export interface Request {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  path: string
  body?: string
}

export interface Answer {
  status: number
  /** Header and body are there when they are asked for. */
  location: string | undefined
}

export interface Load {
  /** Requests answered in a second. */
  rate: number
  requests: number
  /** Answers of 400 and above. */
  errors: number
  /** ms */
  p50: number
  p99: number
}

export type Send = (request: Request) => Promise<Answer>

/**
 * Runs `work` again and again on each connection until the time is over (s) or it answers false; `work` may send several
 * requests, and each is measured.
 */
export async function load(
  origin: string,
  { connections, seconds }: { connections: number; seconds: number },
  work: (send: Send, client: number) => Promise<unknown>,
): Promise<Load> {
  const pool = new Pool(origin, { connections, pipelining: 1 })
  const times: number[] = []
  let errors = 0
  const send: Send = async request => {
    const started = performance.now()
    const { statusCode, headers, body } = await pool.request({
      method: request.method,
      path: request.path,
      ...(request.body === undefined
        ? {}
        : { body: request.body, headers: { 'content-type': 'application/fhir+json' } }),
    })
    await body.dump({ limit: 1e9 })
    times.push(performance.now() - started)
    if (statusCode >= 400) errors++
    return { status: statusCode, location: headers.location as string | undefined }
  }
  const started = performance.now()
  const until = started + seconds * 1000
  const loop = async (_: unknown, client: number) => {
    while (performance.now() < until) if ((await work(send, client)) === false) break
  }
  await Promise.all(Array.from({ length: connections }, loop))
  const took = (performance.now() - started) / 1000
  await pool.close()
  times.sort((a, b) => a - b)
  const at = (part: number) =>
    times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0
  return { rate: times.length / took, requests: times.length, errors, p50: at(0.5), p99: at(0.99) }
}

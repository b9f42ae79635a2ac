/** Where a Bundle goes: to a server over HTTP, or to the store of this process. */
import { FhirError } from '../../resources/error.ts'
import { printJson } from '../../resources/json.ts'
import { compose } from '../compose.ts'
import { type Config, placeOf } from '../config.ts'
import { originOf } from '../listener.ts'
import { type Answer, patiently, type Reply, type Sending } from './patience.ts'

export interface Target {
  /** For the user: an address, or the database. */
  name: string
  /** Of the FHIR API, where it is reached over HTTP. */
  address?: string
  /** Rejects when the target takes nothing for good, or when it would have to wait after the signal. */
  send(bundle: Sending, signal: AbortSignal): Promise<Answer>
  close(): Promise<void>
}

/** Whether a server can be reached by it. */
export const isAddress = (text: string): boolean =>
  /^https?:$/.test(URL.parse(text)?.protocol ?? '')

/** The server that answers at an address, else the database itself. Rejects with one clear line where neither can be used. */
export async function findTarget(config: Config, to: string | undefined): Promise<Target> {
  if (to !== undefined) return overHttp(to.replace(/\/$/, ''))
  const origin = originOf(config, config.port)
  return (await answers(origin)) ? overHttp(`${origin}/fhir`) : inProcess(config)
}

async function answers(origin: string): Promise<boolean> {
  try {
    const response = await fetch(`${origin}/health/live`, { signal: AbortSignal.timeout(2000) })
    return response.ok
  } catch {
    return false
  }
}

async function inProcess(config: Config): Promise<Target> {
  if (placeOf(config).kind === 'memory')
    throw new Error(
      'no server runs, and a store in memory would be gone at the end: start it first',
    )
  const server = await compose({ ...config, logLevel: 'silent' })
  const base = config.baseUrl || `${originOf(config, config.port)}/fhir`
  const name = 'the database (no server runs)'
  let sent = 0
  const post = async (body: Sending): Promise<Reply> => {
    try {
      const context = server.makeContext(`import-${++sent}`)
      const request = { method: 'POST', path: [], query: [], headers: {}, base, body }
      const { status, json = '{}' } = await server.dispatch(request, context)
      return { status, body: JSON.parse(json) }
    } catch (error) {
      if (error instanceof FhirError) return { status: error.status, body: error.outcome }
      throw error
    }
  }
  return { name, send: patiently(name, post), close: () => server.close() }
}

function overHttp(base: string): Target {
  const post = async (bundle: Sending): Promise<Reply> => {
    const response = await fetch(base, {
      method: 'POST',
      headers: { 'Content-Type': 'application/fhir+json', Prefer: 'return=minimal' },
      body: printJson(bundle),
    }).catch(() => undefined)
    const text = await response?.text().catch(() => undefined)
    if (response === undefined || text === undefined) return { status: 'none' }
    const again = Number(response.headers.get('Retry-After')) || 1
    return { status: response.status, body: parsed(text), again }
  }
  return { name: base, address: base, send: patiently(base, post), close: async () => {} }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

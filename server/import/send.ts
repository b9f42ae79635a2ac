/** Where a Bundle goes: to a server over HTTP, or to the store of this process. */
import { setTimeout as wait } from 'node:timers/promises'
import type { OperationOutcome } from 'fhir/r4'
import { FhirError } from '../../resources/error.ts'
import { printJson } from '../../resources/json.ts'
import { compose } from '../compose.ts'
import type { Config } from '../config.ts'

export interface Answer {
  status: number
  /** The response Bundle, or an OperationOutcome. */
  body: unknown
}

export interface Target {
  /** For the user: an address, or the database. */
  name: string
  /** Of the FHIR API, where it is reached over HTTP. */
  address?: string
  /** Rejects when the target cannot be reached for good. */
  send(bundle: object): Promise<Answer>
  close(): Promise<void>
}

/** The server that answers at an address, else the database itself. Rejects with one clear line where neither can be used. */
export async function findTarget(config: Config, to: string | undefined): Promise<Target> {
  if (to !== undefined) return overHttp(to.replace(/\/$/, ''))
  const origin = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${config.port}`
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
  const server = await compose({ ...config, logLevel: 'silent' })
  const base = `http://${config.host}:${config.port}/fhir`
  let sent = 0
  return {
    name: 'the database (no server runs)',
    async send(body) {
      try {
        const context = server.makeContext(`import-${++sent}`)
        const request = { method: 'POST', path: [], query: [], headers: {}, base, body }
        const { status, json = '{}' } = await server.dispatch(request, context)
        return { status, body: JSON.parse(json) }
      } catch (error) {
        if (error instanceof FhirError) return { status: error.status, body: error.outcome }
        throw error
      }
    },
    close: () => server.close(),
  }
}

/** How long a server that does not answer is waited for, s. */
const patience = 60
const busy = new Set([429, 502, 503, 504])

function overHttp(base: string): Target {
  const post = async (body: string): Promise<{ answer: Answer; again: number }> => {
    const response = await fetch(base, {
      method: 'POST',
      headers: { 'Content-Type': 'application/fhir+json', Prefer: 'return=minimal' },
      body,
    })
    const text = await response.text()
    const answer = { status: response.status, body: parsed(text) }
    return { answer, again: Number(response.headers.get('Retry-After')) || 1 }
  }
  return {
    name: base,
    address: base,
    async send(bundle) {
      const body = printJson(bundle)
      const until = performance.now() + patience * 1000
      for (let pause = 0.2; ; pause = Math.min(pause * 2, 5)) {
        try {
          const { answer, again } = await post(body)
          if (!busy.has(answer.status) || performance.now() > until) return answer
          await wait(again * 1000)
        } catch (error) {
          if (performance.now() > until)
            throw new Error(`${base} does not answer`, { cause: error })
          await wait(pause * 1000)
        }
      }
    },
    close: async () => {},
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What is wrong, for the user: elements and remedies, never what a resource holds. */
export function reasonOf(body: unknown, status: number): string {
  const issues = (body as Partial<OperationOutcome> | undefined)?.issue ?? []
  const told = issues
    .slice(0, 3)
    .map(({ expression, diagnostics, code }) =>
      [expression?.[0], diagnostics ?? code].filter(Boolean).join(': '),
    )
  const more = issues.length > 3 ? ` (and ${issues.length - 3} more)` : ''
  return `${status} ${told.join('; ')}${more}`
}

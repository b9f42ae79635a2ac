/** A Bundle sent until it is taken: what a server that is busy or away did not take is sent again. */
import { setTimeout as wait } from 'node:timers/promises'
import { reasonOf } from './reason.ts'

export interface Sending {
  resourceType: 'Bundle'
  type: 'transaction' | 'batch'
  entry: unknown[]
}

export interface Answer {
  status: number
  /** The response Bundle, or an OperationOutcome. */
  body: unknown
}

export interface ResponseEntry {
  response?: { status?: string; outcome?: unknown }
}

/** An answer, or its absence, and how long to wait before the next try where it says (s). */
export type Reply = (Answer | { status: 'none' }) & { again?: number }

/** ms that a server is asked again. */
const aMinute = 60_000
/** The server, not what was sent, is the reason. */
const busy = new Set<number | 'none'>(['none', 429, 502, 503, 507])

interface Until {
  /** Of performance.now(). */
  time: number
  /** No new try after it. */
  signal: AbortSignal
}

/** Rejects when a minute of tries was in vain, or the signal came: a line is not to blame, so none is refused for it. */
export function patiently(
  name: string,
  post: (bundle: Sending) => Promise<Reply>,
  patience = aMinute,
) {
  const begin = (signal: AbortSignal): Until => ({ time: performance.now() + patience, signal })

  const again = (reply: Reply, pause: number, { time, signal }: Until): Promise<void> => {
    if (performance.now() > time)
      throw new Error(
        reply.status === 'none'
          ? `${name} does not answer`
          : `${name} takes no more: ${reasonOf(reply.body, reply.status)}`,
      )
    return wait((reply.again ?? pause) * 1000, undefined, { signal })
  }

  const once = async (bundle: Sending, until: Until): Promise<Answer> => {
    for (let pause = 0.2; ; pause = Math.min(pause * 2, 5)) {
      const reply = await post(bundle)
      // What takes too long may do so each time: then it is the line.
      const late = isSlow(reply) && performance.now() > until.time
      if (late || !busy.has(reply.status)) return reply as Answer
      await again(reply, pause, until)
    }
  }

  const all = async (bundle: Sending, until: Until): Promise<Answer> => {
    const answer = await once(bundle, until)
    const entries = entriesOf(answer)
    const left = entries.flatMap((entry, index) => (busy.has(codeOf(entry)) ? [index] : []))
    const [first = 0] = left
    if (left.length === 0) return answer
    const reply = { status: codeOf(entries[first]), body: entries[first]?.response?.outcome }
    await again(reply, 1, until)
    const progress = left.length < entries.length
    const rest = await all(
      { ...bundle, entry: left.map(index => bundle.entry[index]) },
      progress ? begin(until.signal) : until,
    )
    for (const [at, index] of left.entries())
      entries[index] =
        rest.status === 200
          ? (entriesOf(rest)[at] ?? {})
          : { response: { status: String(rest.status), outcome: rest.body } }
    return { status: 200, body: { entry: entries } }
  }

  return (bundle: Sending, signal: AbortSignal): Promise<Answer> => all(bundle, begin(signal))
}

/** What the entries were answered; none where the Bundle was answered as a whole. */
export function entriesOf({ status, body }: Answer): ResponseEntry[] {
  const { entry = [] } = (status === 200 && (body as { entry?: ResponseEntry[] })) || {}
  return entry
}

export const codeOf = (entry: ResponseEntry | undefined): number =>
  Number.parseInt(entry?.response?.status ?? '500', 10)

function isSlow(reply: Reply): boolean {
  const { issue } = ('body' in reply && reply.body ? reply.body : {}) as {
    issue?: { code?: string }[]
  }
  return issue?.[0]?.code === 'timeout'
}

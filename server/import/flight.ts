/** Bundles on their way: a few at once, never two that write the same resource, and how far all before them are done. */
import type { Checkpoint } from './checkpoint.ts'
import type { Gathered, Loading } from './load.ts'
import { type Answer, reasonOf, type Target } from './send.ts'

export interface Flight {
  target: Target
  /** Bundles under way at once. */
  parallel: number
}

interface Sent {
  names: ReadonlySet<string> | undefined
  upTo: number
  landed: boolean
  loaded: number
  refused: number
}

/** ms between two checkpoints. */
const pause = 1000

export function startFlight(loading: Loading, from: Checkpoint) {
  const { target, parallel } = loading.flight
  const order: Sent[] = []
  const flying = new Map<Sent, Promise<void>>()
  let at = from
  let saved = performance.now()
  let stop = false
  let lost: { error: unknown } | undefined

  const advance = () => {
    for (let [first] = order; first?.landed; [first] = order) {
      order.shift()
      const { loaded, refused, upTo } = first
      at = { line: upTo, loaded: at.loaded + loaded, refused: at.refused + refused }
    }
    if (performance.now() - saved > pause) save()
    loading.done(at)
  }
  const save = () => {
    loading.checkpoints.save(at)
    saved = performance.now()
  }
  const refuse = (line: number, reason: string) => {
    loading.refused(line, reason)
    if (loading.onError === 'stop') stop = true
  }

  const fly = async (sent: Sent, bundle: Gathered) => {
    try {
      const answer = await target.send(bundleOf(bundle))
      const wrong = refusals(answer, bundle)
      for (const { line, reason } of wrong) refuse(line, reason)
      if (wrong.length && loading.onError === 'stop') return
      sent.refused = answer.status === 200 ? wrong.length : bundle.entries.length
      sent.loaded = bundle.entries.length - sent.refused
      sent.landed = true
      advance()
    } catch (error) {
      lost ??= { error }
      stop = true
    } finally {
      flying.delete(sent)
    }
  }

  const mustWait = (names: Sent['names']): boolean => {
    if (flying.size === 0) return false
    if (flying.size >= parallel || names === undefined) return true
    return [...flying.keys()].some(other => !other.names?.isDisjointFrom(names))
  }

  return {
    stopped: () => stop,
    /** Resolves when the Bundle is under way. */
    async start(bundle: Gathered): Promise<void> {
      const names = bundle.writes && new Set(bundle.writes)
      while (mustWait(names)) await Promise.race(flying.values())
      if (stop) return
      const sent = { names, upTo: bundle.upTo, landed: false, loaded: 0, refused: 0 }
      order.push(sent)
      flying.set(sent, fly(sent, bundle))
    },
    /** A line that is not even sent. */
    refuse(line: number, reason: string): void {
      refuse(line, reason)
      if (loading.onError === 'stop') return
      order.push({ names: undefined, upTo: line, landed: true, loaded: 0, refused: 1 })
      advance()
    },
    /** Waits for all; the checkpoint then says what need not be sent again. */
    async end(): Promise<Checkpoint> {
      await Promise.all(flying.values())
      save()
      if (lost) throw lost.error
      return at
    },
  }
}

const bundleOf = ({ type, entries }: Gathered) => ({
  resourceType: 'Bundle',
  type,
  entry: entries,
})

interface Refusal {
  line: number
  reason: string
}

interface ResponseEntry {
  response?: { status?: string; outcome?: unknown }
}

/** What the answer says was not written. */
function refusals({ status, body }: Answer, bundle: Gathered): Refusal[] {
  if (status !== 200) {
    const reason = reasonOf(body, status)
    return [...new Set(bundle.lines)].map(line => ({ line, reason }))
  }
  const { entry = [] } = (body ?? {}) as { entry?: ResponseEntry[] }
  return bundle.lines.flatMap((line, index) => {
    const { response } = entry[index] ?? {}
    const code = Number.parseInt(response?.status ?? '500', 10)
    return code < 400 ? [] : [{ line, reason: reasonOf(response?.outcome, code) }]
  })
}

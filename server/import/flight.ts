/** Bundles on their way: a few at once, never two that write the same resource, and how far all before them are done. */
import type { Checkpoint } from './checkpoint.ts'
import type { Gathered, Loading } from './load.ts'
import { type Answer, codeOf, entriesOf, type Sending } from './patience.ts'
import { reasonOf } from './reason.ts'
import type { Target } from './send.ts'

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
  let lost: { failure: unknown } | undefined

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
      const answer = await target.send(bundleOf(bundle), loading.signal)
      const wrong = refusals(answer, bundle)
      for (const { line, reason } of wrong) refuse(line, reason)
      if (wrong.length && loading.onError === 'stop') return
      sent.refused = answer.status === 200 ? wrong.length : bundle.entries.length
      sent.loaded = bundle.entries.length - sent.refused
      sent.landed = true
      advance()
    } catch (error) {
      lost ??= { failure: error }
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
    async end(): Promise<{ at: Checkpoint; lost: { failure: unknown } | undefined }> {
      await Promise.all(flying.values())
      save()
      return { at, lost }
    },
  }
}

const bundleOf = ({ type, entries }: Gathered): Sending => ({
  resourceType: 'Bundle',
  type,
  entry: entries,
})

interface Refusal {
  line: number
  reason: string
}

/** What the answer says was not written. */
function refusals(answer: Answer, bundle: Gathered): Refusal[] {
  if (answer.status !== 200) {
    const reason = reasonOf(answer.body, answer.status)
    return [...new Set(bundle.lines)].map(line => ({ line, reason }))
  }
  const entries = entriesOf(answer)
  return bundle.lines.flatMap((line, index) => {
    const code = codeOf(entries[index])
    return code < 400 ? [] : [{ line, reason: reasonOf(entries[index]?.response?.outcome, code) }]
  })
}

/** Commits in line, and the batches of them that are being written. */
import { unavailable } from '../../resources/error.ts'
import type { WriteBatch } from './batch.ts'
import { atEdge } from './errors.ts'
import type { MongoOptions } from './parts.ts'
import { namesOf, type Waiting } from './plan.ts'
import type { Slot } from './slot.ts'
import { createTurn } from './turns.ts'

export interface Flow {
  push(waiting: Waiting): void
  waiting(): number
  /** The instant of the first that is not written yet. */
  oldest(): number | undefined
}

/** In a batch; what is larger is written alone. And batches at once: while one is made durable, the next is prepared. */
const most = { commits: 64, bytes: 4_000_000, flights: 2 }

/** Fewer changes wait for what is being written: together with those that come until then they cost less. */
const worthBeside = 6

/** A batch that is being written. */
interface Flight {
  turn: ReturnType<typeof createTurn>
  /** Its first instant. */
  first: number
  /** What it changes. */
  names: Set<string>
}

export function createFlow(write: WriteBatch, slot: Slot, onBatch: MongoOptions['onBatch']): Flow {
  let queue: Waiting[] = []
  let flights: Flight[] = []
  let scheduled = false
  /** Whether the last batch was one that had been kept from being written. */
  let wasKept = false
  let waking: NodeJS.Timeout | undefined

  /** All commits of a turn of the event loop are written together. */
  function schedule(): void {
    if (scheduled) return
    scheduled = true
    setImmediate(() => {
      scheduled = false
      flow()
    })
  }

  function flow(): void {
    const [last] = flights.slice(-1)
    if (last && (!last.turn.end || flights.length >= most.flights)) return
    queue = withoutLate(queue)
    if (last && sizeOf(queue) < worthBeside) return
    const batch = nextOf(queue, flights, wasKept)
    if (batch.length === 0) wake()
    else void fly(batch)
  }

  /** When one may be tried again that was kept from being written. */
  function wake(): void {
    if (flights.length > 0 || queue.length === 0) return
    const first = Math.min(...queue.map(({ kept }) => kept?.until ?? 0))
    clearTimeout(waking)
    waking = setTimeout(flow, Math.max(1, first - performance.now()))
  }

  async function fly(batch: Waiting[]): Promise<void> {
    const turn = createTurn(flights.at(-1)?.turn, flow)
    const flight = {
      turn,
      first: Math.min(...batch.map(({ at }) => at)),
      names: new Set(batch.flatMap(namesOf)),
    }
    flights.push(flight)
    wasKept = batch[0]?.kept !== undefined
    const taken = new Set(batch)
    queue = queue.filter(each => !taken.has(each))
    const from = performance.now()
    try {
      await slot.sure()
      const later = await write(batch, turn)
      queue = [...later, ...queue]
      onBatch?.(batch.length - later.length, performance.now() - from)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
    flights = flights.filter(each => each !== flight)
    turn.ended()
    flow()
  }

  return {
    waiting: () => queue.length,
    oldest() {
      // Who was put back may be older than whoever is on the way by now.
      const first = [...flights.map(({ first }) => first), ...queue.map(({ at }) => at)]
      return first.length > 0 ? first.reduce((a, b) => Math.min(a, b)) : undefined
    },
    push(waiting) {
      queue.push(waiting)
      schedule()
    },
  }
}

const sizeOf = (queue: readonly Waiting[]): number =>
  queue.reduce((size, { commit, kept }) => size + (kept ? 0 : commit.changes.length), 0)

/** Answers those who have waited too long. */
function withoutLate(queue: Waiting[]): Waiting[] {
  const now = performance.now()
  return queue.filter(({ until, kept, tried, reject }) => {
    if (until > now) return true
    const what = tried.length > 0 ? 'repeat the request' : 'nothing was written'
    reject(kept ? atEdge(kept.error) : unavailable(`the database takes too long: ${what}`, 5))
    return false
  })
}

/** Those at the front that need not see what is being written. Who was kept from being written goes alone, and not twice in a row. */
function nextOf(
  queue: readonly Waiting[],
  flights: readonly Flight[],
  wasKept: boolean,
): Waiting[] {
  const now = performance.now()
  const ready = queue.filter(({ kept }) => !kept)
  const kept = queue.find(({ kept }) => kept && kept.until <= now)
  if (kept && (ready.length === 0 || !wasKept)) return mustSee(kept, flights) ? [] : [kept]
  let bytes = 0
  const end = ready.findIndex((waiting, index) => {
    bytes += waiting.size
    const isMuch = index >= most.commits || (index > 0 && bytes > most.bytes)
    return isMuch || mustSee(waiting, flights)
  })
  return ready.slice(0, end < 0 ? ready.length : end)
}

const mustSee = (waiting: Waiting, flights: readonly Flight[]): boolean =>
  flights.length > 0 &&
  ((waiting.commit.checks ?? []).length > 0 ||
    namesOf(waiting).some(name => flights.some(({ names }) => names.has(name))))

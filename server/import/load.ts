/** Loads one file: lines become Bundles, a few of which are on their way at once. */
import { FhirError } from '../../resources/error.ts'
import { parseJson } from '../../resources/json.ts'
import type { Checkpoint, Checkpoints } from './checkpoint.ts'
import { type Flight, startFlight } from './flight.ts'
import { type Line, type Source, wholeText } from './lines.ts'
import { type Load, prepare } from './prepare.ts'
import { reasonOf } from './reason.ts'

export interface Loading {
  source: Source
  checkpoints: Checkpoints
  /** What to do with what is refused: go on, or stop before it. */
  onError: 'skip' | 'stop'
  flight: Flight
  /** Told of everything refused: the line, and why. */
  refused(line: number, reason: string): void
  /** Told after each Bundle. */
  done(checkpoint: Checkpoint): void
  signal: AbortSignal
}

/** Resources sent together where they are independent. */
const group = 100
const limits = { depth: 500, keys: 100_000_000, string: 256 * 1024 * 1024 }

export interface Loaded {
  at: Checkpoint
  /** Whether that is the end of the file. */
  whole: boolean
  /** What kept it from going on, where it was neither a line nor the user. */
  failure?: unknown
}

/** Resolves with how far it came, also when the target or the file itself fails on the way. */
export async function loadFile(loading: Loading): Promise<Loaded> {
  const flight = startFlight(loading, loading.checkpoints.read())
  const failure = await readAll(loading, flight).then(
    () => undefined,
    error => ({ failure: error }),
  )
  const { at, lost } = await flight.end()
  const stopped = loading.signal.aborted || flight.stopped()
  return { at, whole: !stopped && !failure, ...(loading.signal.aborted ? {} : (lost ?? failure)) }
}

async function readAll(loading: Loading, flight: ReturnType<typeof startFlight>): Promise<void> {
  const from = loading.checkpoints.read()
  let gathered: Gathered = nothing()
  const send = async () => {
    if (gathered.entries.length) await flight.start(gathered)
    gathered = nothing()
  }
  const lines = loading.source.lines[Symbol.asyncIterator]()
  for (let next = await lines.next(); !next.done; next = await lines.next()) {
    const line: Line = next.value
    if (flight.stopped() || loading.signal.aborted) break
    if (line.number <= from.line || line.text?.trim() === '') continue
    const load = await read(line, lines, loading)
    if ('wrong' in load) {
      await send()
      flight.refuse(line.number, load.wrong)
      continue
    }
    for (const piece of cut(load, line.number)) {
      if (!joins(gathered, piece)) await send()
      gathered = join(gathered, piece)
      if (gathered.type === 'transaction' || gathered.entries.length >= group) await send()
    }
  }
  if (!flight.stopped() && !loading.signal.aborted) await send()
}

async function read(
  line: Line,
  rest: AsyncIterator<Line>,
  { source }: Loading,
): Promise<Load | { wrong: string }> {
  if (line.text === undefined) return { wrong: line.wrong ?? 'the line cannot be read' }
  try {
    return prepare(await contentOf(line, rest, source.name), {
      file: source.name.split('/').at(-1) ?? '',
      line: line.number,
    })
  } catch (error) {
    if (error instanceof FhirError) return { wrong: reasonOf(error.outcome, error.status) }
    throw error
  }
}

/** A first line that is no JSON by itself begins a document of many lines. */
async function contentOf(line: Line, rest: AsyncIterator<Line>, name: string): Promise<unknown> {
  try {
    return parseJson(line.text ?? '', limits)
  } catch (error) {
    if (line.number > 1 || /\.(ndjson|jsonl)(\.gz)?$/.test(name)) throw error
    const text = await wholeText(rest, line.text ?? '')
    return parseJson(text, limits)
  }
}

/** Entries to be sent as one Bundle, with the line each is from. */
export interface Gathered extends Load {
  lines: number[]
  /** All lines up to this one are sent when this is. */
  upTo: number
}

const nothing = (): Gathered => ({ type: 'batch', entries: [], writes: [], lines: [], upTo: 0 })

function cut(load: Load, line: number): Gathered[] {
  const size = load.type === 'transaction' || !load.writes ? load.entries.length : group
  const pieces: Gathered[] = []
  for (let from = 0; from < load.entries.length; from += size) {
    const entries = load.entries.slice(from, from + size)
    const last = from + size >= load.entries.length
    pieces.push({
      type: load.type,
      entries,
      ...(load.writes ? { writes: load.writes.slice(from, from + size) } : {}),
      lines: entries.map(() => line),
      upTo: last ? line : line - 1,
    })
  }
  return pieces
}

/** Entries of a batch run side by side, so two that write the same resource are not put in one. */
const joins = (gathered: Gathered, piece: Gathered): boolean =>
  gathered.type === 'batch' &&
  piece.type === 'batch' &&
  gathered.writes !== undefined &&
  piece.writes !== undefined &&
  gathered.entries.length + piece.entries.length <= group &&
  !piece.writes.some(name => gathered.writes?.includes(name))

const join = (gathered: Gathered, piece: Gathered): Gathered =>
  gathered.entries.length === 0
    ? piece
    : {
        type: 'batch',
        entries: [...gathered.entries, ...piece.entries],
        writes: [...(gathered.writes ?? []), ...(piece.writes ?? [])],
        lines: [...gathered.lines, ...piece.lines],
        upTo: piece.upTo,
      }

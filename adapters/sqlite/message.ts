/** Commits as they travel to the writer's thread: flat, because a clone of many small objects costs more than the write. */
import { subjectOf } from '../../resources/search/about.ts'
import { pairsOf } from '../../resources/search/pairs.ts'
import type {
  Addition,
  Change,
  Check,
  Commit,
  Event,
  Extract,
  Row,
  Tenant,
} from '../../resources/store.ts'

export interface PackedChange {
  type: string
  id: string
  method: Change['method']
  replaces: number
  json: string | null
  date: number | null
  /** Rows to add and rows to end, as flat values: see `width`. */
  add: Flat
  end: Flat
  /** Text for the words that people look for; absent: it stays as it is. */
  words?: { narrative: string; content: string } | undefined
  /** The sort key changes with the date, so all rows move. */
  moved: boolean
}

export interface PackedCommit {
  tenant: Tenant
  at: number
  changes: PackedChange[]
  checks: Check[]
  events: Event[]
}

type Flat = (string | number)[]

/** kind, param, first, and up to four values. */
export const width = 7
/**
 * The parameter of the row that says which parameters a resource has, and whom it is about; it also lists all of a type in
 * clinical order.
 */
export const everything = '*'

export function packCommit(tenant: Tenant, at: number, commit: Commit): PackedCommit {
  return {
    tenant,
    at,
    changes: commit.changes.map(packChange),
    checks: commit.checks ?? [],
    events: commit.events ?? [],
  }
}

function packChange(change: Change): PackedChange {
  const { type, id, method, replaces, json, extract, old } = change
  const moved = old !== undefined && old.date !== extract.date
  const { add, end } = difference(type, old, json === undefined ? undefined : extract, moved)
  return {
    type,
    id,
    method,
    replaces,
    json: json ?? null,
    date: extract.date ?? null,
    words: wordsOf(extract, old),
    add,
    end,
    moved,
  }
}

/** Absent where neither has any, or nothing of it changes. */
function wordsOf(extract: Extract, old: Extract | undefined): PackedChange['words'] {
  const { narrative = '', content = '' } = extract
  return narrative === (old?.narrative ?? '') && content === (old?.content ?? '')
    ? undefined
    : { narrative, content }
}

/** Only rows that differ are touched: an update of a status writes two rows, not all. */
function difference(
  type: string,
  old: Extract | undefined,
  extract: Extract | undefined,
  moved: boolean,
): { add: Flat; end: Flat } {
  const add: Flat = []
  const end: Flat = []
  if (!old) return { add: extract ? flattened(type, extract) : add, end }
  const now = extract ? flatRows(type, extract) : []
  const then = flatRows(type, old)
  const before = new Map(then.map(row => [keyOf(row), row]))
  for (const row of now) if (moved || !before.delete(keyOf(row))) add.push(...row)
  for (const row of moved ? then : before.values()) end.push(...row)
  return { add, end }
}

const keyOf = (row: Flat): string => row.join('\u0000')

/** All rows of a resource, each of `width` values. */
function flatRows(type: string, extract: Extract): Flat[] {
  const flat = flattened(type, extract)
  return Array.from({ length: flat.length / width }, (_, row) =>
    flat.slice(row * width, (row + 1) * width),
  )
}

/** The same, one after the other: of a create none is looked at by itself. */
function flattened(type: string, extract: Extract): Flat {
  const flat: Flat = []
  const subject = subjectOf(type, extract.rows)
  flat.push('shape', everything, '', [type, ...extract.present].join(' '), subject, '', '')
  for (const row of extract.rows) flatten(row, flat)
  for (const { patient, param, code, system } of pairsOf(type, extract))
    flat.push('pair', param, '', code, system, patient, '')
  return flat
}

function flatten(row: Row, flat: Flat): void {
  const { kind, param, first = '' } = row
  switch (kind) {
    case 'token':
      flat.push(kind, param, first, row.code, row.system, '', '')
      break
    case 'string':
      flat.push(kind, param, first, row.text, row.exact === row.text ? '' : row.exact, '', '')
      break
    case 'date':
      flat.push(kind, param, first, row.low, row.high, '', '')
      break
    case 'quantity': {
      const high = row.high === row.low ? '' : row.high
      flat.push(kind, param, first, row.low, high, row.system, row.unit)
      break
    }
    case 'reference':
      flat.push(kind, param, first, row.target, '', '', '')
      break
    case 'uri':
      flat.push(kind, param, first, row.uri, '', '', '')
      break
    case 'label':
      flat.push(kind, param, first, row.text, '', '', '')
      break
    case 'position':
      flat.push(kind, param, first, row.latitude, row.longitude, '', '')
      break
    default:
      row satisfies never
  }
}

/** A version and what it is to have, as flat values. */
export interface PackedAddition {
  type: string
  id: string
  number: number
  add: Flat
  /** Of a whole resource: what it is sorted by, and its words. */
  whole?: { date: number | null; words: PackedChange['words'] }
}

/** Rows by themselves come without what the store adds to those of a whole resource. */
export function packAddition({ type, id, number, rows, whole }: Addition): PackedAddition {
  if (!whole) {
    const add: Flat = []
    for (const row of rows) flatten(row, add)
    return { type, id, number, add }
  }
  const { date = null } = whole
  const words = wordsOf(whole, undefined)
  return { type, id, number, add: flattened(type, whole), whole: { date, words } }
}

/** About how much memory a commit holds while it waits, in bytes. */
export const sizeOf = (commit: PackedCommit): number =>
  commit.changes.reduce(
    (sum, change) => sum + (change.json?.length ?? 0) + change.add.length * 24,
    500,
  )

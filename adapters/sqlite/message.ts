/** Commits as they travel to the writer's thread: flat, because a clone of many small objects costs more than the write. */
import type { Change, Check, Commit, Event, Extract, Row, Tenant } from '../../resources/store.ts'

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
  const { add, end } = difference(old, extract, moved)
  return {
    type,
    id,
    method,
    replaces,
    json: json ?? null,
    date: extract.date ?? null,
    add,
    end,
    moved,
  }
}

/** Only rows that differ are touched: an update of a status writes two rows, not all. */
function difference(
  old: Extract | undefined,
  extract: Extract,
  moved: boolean,
): { add: Flat; end: Flat } {
  const add: Flat = []
  const end: Flat = []
  if (!old) {
    for (const row of extract.rows) flatten(row, add)
    return { add, end }
  }
  const before = new Map(old.rows.map(row => [keyOf(row), row]))
  for (const row of extract.rows) {
    if (moved || !before.delete(keyOf(row))) flatten(row, add)
  }
  for (const row of moved ? old.rows : before.values()) flatten(row, end)
  return { add, end }
}

function keyOf(row: Row): string {
  const flat: Flat = []
  flatten(row, flat)
  return flat.join('\u0000')
}

function flatten(row: Row, flat: Flat): void {
  flat.push(row.kind, row.param, row.first ?? '')
  switch (row.kind) {
    case 'token':
      flat.push(row.code, row.system, '', '')
      break
    case 'string':
      flat.push(row.text, row.exact === row.text ? '' : row.exact, '', '')
      break
    case 'date':
      flat.push(row.low, row.high, '', '')
      break
    case 'quantity':
      flat.push(row.low, row.high === row.low ? '' : row.high, row.system, row.unit)
      break
    case 'reference':
      flat.push(row.target, '', '', '')
      break
    case 'uri':
      flat.push(row.uri, '', '', '')
      break
    case 'label':
      flat.push(row.text, '', '', '')
      break
    case 'position':
      flat.push(row.latitude, row.longitude, '', '')
      break
    default:
      row satisfies never
  }
}

/** About how much memory a commit holds while it waits, in bytes. */
export const sizeOf = (commit: PackedCommit): number =>
  commit.changes.reduce(
    (sum, change) => sum + (change.json?.length ?? 0) + change.add.length * 24,
    500,
  )

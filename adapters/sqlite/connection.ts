import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { metresBetween } from '../../resources/search/near.ts'
import type { Tenant } from '../../resources/store.ts'
import { tables } from './query/found.ts'
import { type Remembered, remember } from './remembered.ts'
import { createSearching, type Searching } from './searching.ts'

/** A connection with its prepared statements and the numbers that stand for names. */
export interface Connection extends Searching {
  db: DatabaseSync
  /** Prepared once for each text. */
  sql(text: string): StatementSync
  /** Of names that are there already; absent: nothing was ever stored under them. */
  typeId(tenant: Tenant, type: string): number | undefined
  paramId(type: number, code: string, first: string): number | undefined
  systemId(uri: string): number | undefined
  typeName(id: number): string | undefined
  /** The number of a resource, for life; what is only referred to has one too. */
  rid(type: number, id: string): number | undefined
  shapeId(params: string): number | undefined
  termId(text: string): number | undefined
  /** The types of a tenant: number to name. */
  types(tenant: Tenant): Map<number, string>
  /** Sizes of ranges, for plans: a minute old at most. */
  sizes: Remembered
  /** How many a search finds as of a commit. */
  counts: Remembered
  /** Forgets names that a rollback took back. */
  forget(): void
  close(): void
}

export interface ConnectionOptions {
  file: string
  readOnly: boolean
  synchronous?: 'FULL' | 'NORMAL'
  maxPages?: number
}

/** MB. A page that splits makes SQLite look through all of it at the commit, and what is not in it the system has at hand. */
const cache = 16

/** ms that a statement waits for another process or thread. */
export const patience = 5000

/** Statements kept for each connection; searches make many texts. */
const kept = 400

export function connect(options: ConnectionOptions): Connection {
  const db = new DatabaseSync(options.file, { readOnly: options.readOnly, timeout: patience })
  try {
    setUp(db, options)
  } catch (error) {
    db.close()
    throw error
  }
  const statements = new Map<string, StatementSync>()
  const sql = (text: string): StatementSync => {
    const known = statements.get(text)
    if (known) return known
    if (statements.size >= kept) statements.delete(statements.keys().next().value ?? '')
    const made = db.prepare(text)
    statements.set(text, made)
    return made
  }
  db.function('metres', { deterministic: true }, (a, b, c, d) =>
    metresBetween(
      { latitude: Number(a), longitude: Number(b) },
      { latitude: Number(c), longitude: Number(d) },
    ),
  )
  return {
    db,
    sql,
    sizes: remember(),
    counts: remember(),
    ...createSearching(db, () => statements.clear()),
    ...names(sql),
    close: () => db.close(),
  }
}

function setUp(db: DatabaseSync, options: ConnectionOptions): void {
  if (!options.readOnly) {
    db.exec('PRAGMA page_size = 4096')
    db.exec('PRAGMA journal_mode = WAL')
    db.exec(`PRAGMA synchronous = ${options.synchronous ?? 'FULL'}`)
    db.exec('PRAGMA journal_size_limit = 67108864')
    db.exec('PRAGMA wal_autocheckpoint = 8000')
    if (options.maxPages) db.exec(`PRAGMA max_page_count = ${options.maxPages}`)
  }
  db.exec(`PRAGMA cache_size = ${-cache * 1024}`)
  db.exec('PRAGMA temp_store = MEMORY')
  db.exec(tables)
}

/** Names of one kind that are remembered. */
const mostNames = 20_000

function names(sql: (text: string) => StatementSync) {
  const all: Map<string, number>[] = []
  const typeNames = new Map<number, string>()
  /** A look-up that remembers what it found. */
  const numbers = (text: string) => {
    const ids = new Map<string, number>()
    all.push(ids)
    return (key: string, ...values: (string | number)[]): number | undefined => {
      const known = ids.get(key)
      if (known !== undefined) return known
      const id = sql(text).get(...values)?.id
      if (id === undefined) return undefined
      // Callers make systems and codes up: what is forgotten is looked up again.
      if (ids.size >= mostNames) ids.clear()
      ids.set(key, Number(id))
      return Number(id)
    }
  }
  const types = numbers('SELECT id FROM type WHERE tenant = ? AND name = ?')
  const params = numbers('SELECT id FROM param WHERE type = ? AND code = ? AND first = ?')
  const systems = numbers('SELECT id FROM system WHERE uri = ?')
  const resources = numbers('SELECT rid AS id FROM resource WHERE type = ? AND id = ?')
  const shapes = numbers('SELECT id FROM shape WHERE params = ?')
  const terms = numbers('SELECT id FROM term WHERE text = ?')
  return {
    typeId: (tenant: Tenant, type: string) => types(`${tenant}/${type}`, tenant, type),
    paramId: (type: number, code: string, first: string) =>
      params(`${type} ${code} ${first}`, type, code, first),
    systemId: (uri: string) => (uri === '' ? 0 : systems(uri, uri)),
    rid: (type: number, id: string) => resources(`${type}/${id}`, type, id),
    shapeId: (set: string) => shapes(set, set),
    termId: (text: string) => terms(text, text),
    typeName(id: number): string | undefined {
      const known = typeNames.get(id) ?? sql('SELECT name FROM type WHERE id = ?').get(id)?.name
      if (known === undefined) return undefined
      typeNames.set(id, String(known))
      return String(known)
    },
    types(tenant: Tenant): Map<number, string> {
      const rows = sql('SELECT id, name FROM type WHERE tenant = ?').all(tenant)
      return new Map(rows.map(({ id, name }) => [Number(id), String(name)]))
    },
    forget(): void {
      typeNames.clear()
      for (const ids of all) ids.clear()
    },
  }
}

/** Where a reference's target stands: an address stands whole, under a type that no resource has. */
export function targetParts(target: string): { type: string; id: string } {
  const [, type = '~url', id = target] = /^([A-Z][A-Za-z]+)\/([^/]+)$/.exec(target) ?? []
  return { type, id }
}

/** What the names of all units of a system begin with. A system may have a | in it, but no space. */
export const unitsStart = (system: string): string => `${system.replaceAll('|', ' ')}|`

/** A quantity's system and unit are one number. */
export const unitKey = (system: string, unit: string): string =>
  system || unit ? unitsStart(system) + unit : ''

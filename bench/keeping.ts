/** Where a measured server keeps its resources: a folder, or a database of its own on a real mongod. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { MongoClient } from 'mongodb'
import { rowTables } from '../adapters/sqlite/schema.ts'

export type StoreName = 'sqlite' | 'mongodb'

export interface Keeping {
  /** What the server is told. */
  env: Record<string, string>
  /** Processes beside the server that work for it. */
  pids: number[]
  /** Bytes of the files; and of what they hold, where the two differ; of rows to search by, and of words. */
  size(): Promise<{ files: number; live?: number; rows?: number; words?: number }>
  end(): void
}

/** A folder that is named is kept. */
export const keepingOf = (store: StoreName, keep?: string): Keeping =>
  store === 'sqlite' ? folder(keep) : mongod(keep)

function folder(keep?: string): Keeping {
  const path = keep ?? mkdtempSync(join(tmpdir(), 'nidaan-bench-'))
  if (keep) mkdirSync(keep, { recursive: true })
  return {
    env: { DATA_DIR: path, LOG_LEVEL: 'warn' },
    pids: [],
    size: async () => ({ files: sizeOf(path), ...indexIn(join(path, 'nidaan.db')) }),
    end: () => {
      if (!keep) rmSync(path, { recursive: true, force: true })
    },
  }
}

const sizeOf = (path: string): number =>
  readdirSync(path).reduce((sum, file) => sum + statSync(join(path, file)).size, 0)

/** By the pages of their tables and indexes. https://sqlite.org/dbstat.html */
function indexIn(file: string): { rows?: number; words?: number } {
  if (!existsSync(file)) return {}
  const db = new DatabaseSync(file, { readOnly: true })
  const bytesOf = db.prepare('SELECT coalesce(sum(pgsize), 0) AS bytes FROM dbstat WHERE name = ?')
  const all = (names: string[]) =>
    names.reduce((sum, name) => sum + Number(bytesOf.get(name)?.bytes), 0)
  const words = ['words', 'part'].flatMap(name =>
    ['data', 'idx', 'docsize', 'config'].map(part => `${name}_${part}`),
  )
  const found = {
    rows: all(rowTables.flatMap(name => [name, `${name}_until`])),
    words: all([
      ...words,
      'wording',
      'wording_of',
      'wording_until',
      'term',
      'sqlite_autoindex_term_1',
    ]),
  }
  db.close()
  return found
}

const script = '../shared/runtime/mongo.sh'

/** As docs/mongodb.md advises. */
const advised =
  '--wiredTigerCollectionBlockCompressor zstd --wiredTigerEngineConfigString ' +
  'eviction_dirty_target=30,eviction_dirty_trigger=60,eviction_updates_target=20,eviction_updates_trigger=40'

/** A set of one: every write is journaled and acknowledged by all there are. */
function mongod(keep?: string): Keeping {
  if (!existsSync(script)) throw new Error(`${script} is not there: it starts the mongod`)
  const kept = folder(keep)
  const path = keep ? join(keep, 'mongod') : mkdtempSync(join(tmpdir(), 'nidaan-bench-mongo-'))
  const run = (...args: string[]) =>
    execFileSync('bash', [script, ...args], {
      env: {
        MONGO_CACHE_GB: '2',
        MONGO_ARGS: advised,
        ...process.env,
        STOP_WITH: String(process.pid),
      },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  const url = new URL(run('start', '0', path).trim().split('\n').at(-1) ?? '')
  url.pathname = '/bench'
  const pid = Number(/pid (\d+)/.exec(run('status', path))?.[1])
  return {
    env: { ...kept.env, STORE_URL: url.href },
    pids: [pid],
    async size() {
      const client = await new MongoClient(url.href).connect()
      const stats = await client.db().stats()
      await client.close()
      const { storageSize, indexSize, freeStorageSize = 0 } = stats
      return { files: storageSize + indexSize, live: storageSize + indexSize - freeStorageSize }
    },
    end() {
      run('stop', path)
      if (!keep) rmSync(path, { recursive: true, force: true })
      kept.end()
    },
  }
}

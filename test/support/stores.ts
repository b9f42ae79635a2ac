/** The stores that tests run on. The project of jest.config.js says which one it is now; no test asks. */
import { openSqlite } from '../../adapters/sqlite/store.ts'
import type { Store } from '../../resources/store.ts'
import { openEmpty } from '../adapters/mongo/open.ts'
import { dropDatabase, newDatabase } from './mongo-database.ts'

type Settings = Record<string, string>

interface Kind {
  /** An empty store, gone when it is closed. */
  open(now: () => number): Promise<Store>
  /** Settings of a server on a store that is gone with it, and what is to be done then. */
  passing(): { settings: Settings; drop(): Promise<void> }
  /** Settings of a server on a store that is empty at first and outlasts it; its other files are in the folder. */
  lasting(folder: string): Settings
}

const kinds: Record<string, Kind> = {
  sqlite: {
    open: now => openSqlite({ file: ':memory:', now }),
    passing: () => ({ settings: { STORE_URL: 'sqlite::memory:' }, drop: async () => {} }),
    lasting: folder => ({ STORE_URL: '', DATA_DIR: folder }),
  },
  mongo: {
    open: openEmpty,
    passing() {
      const url = newDatabase()
      return { settings: { STORE_URL: url }, drop: () => dropDatabase(url) }
    },
    lasting: folder => ({ STORE_URL: newDatabase(), DATA_DIR: folder }),
  },
}

declare global {
  var storeOfTests: string | undefined
}

export const project = globalThis.storeOfTests ?? 'sqlite'
const kind = kinds[project]
if (!kind) throw new Error(`no tests run on ${project}`)
export const { open: openStore, passing, lasting } = kind

import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from '@jest/globals'
import { openSqlite } from '../../../adapters/sqlite/store.ts'
import { storeContract } from '../../contract/store.ts'

const folder = mkdtempSync(join(tmpdir(), 'nidaan-store-'))
let files = 0
afterAll(() => rm(folder, { recursive: true, force: true }))

storeContract('SQLite with threads', now =>
  openSqlite({ file: join(folder, `${++files}.db`), now, readers: 2 }),
)

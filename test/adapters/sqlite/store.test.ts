import { openSqlite } from '../../../adapters/sqlite/store.ts'
import { storeContract } from '../../contract/store.ts'

storeContract('SQLite in memory', now => openSqlite({ file: ':memory:', now }))

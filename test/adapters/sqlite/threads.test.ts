import { openSqlite } from '../../../adapters/sqlite/store.ts'
import { storeContract } from '../../contract/store.ts'
import { ownFolder } from '../../support/folder.ts'

const at = ownFolder('threads')
let files = 0

storeContract('SQLite with threads', now => openSqlite({ file: at(`${++files}.db`), now }))

import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/**
 * One process owns the database. A side file is held locked as long as the process lives; the system frees it when the
 * process dies, however it dies. Makes the folder, and from now on this process's files are for its user only.
 */
export function lockFile(file: string): () => void {
  process.umask(0o077)
  makeFolder(dirname(file))
  const lock = new DatabaseSync(`${file}.lock`, { timeout: 0 })
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE')
    lock.exec('PRAGMA journal_mode = MEMORY')
    lock.exec('BEGIN EXCLUSIVE')
    lock.exec('CREATE TABLE IF NOT EXISTS owner(pid INTEGER)')
    lock.exec('COMMIT')
  } catch (error) {
    lock.close()
    throw error
  }
  return () => lock.close()
}

/** With those above it. Node's own way does not end where the system takes none, such as under /proc. */
function makeFolder(path: string): void {
  if (existsSync(path)) return
  const above = dirname(path)
  if (above !== path) makeFolder(above)
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // Another process may have made it.
    if (!existsSync(path)) throw error
  }
}

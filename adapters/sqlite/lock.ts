import { DatabaseSync } from 'node:sqlite'

/**
 * One process owns the database. A side file is held locked as long as the process lives; the system frees it when the
 * process dies, however it dies.
 */
export function lockFile(file: string): () => void {
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

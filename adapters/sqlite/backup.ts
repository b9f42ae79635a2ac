/** Copies of the database, made while it is used, and put back. https://sqlite.org/backup.html */
import { copyFileSync, existsSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import { isDamage, isFull, whyNotOpen } from './errors.ts'
import { clear, durable } from './first.ts'
import { lockFile } from './lock.ts'
import { checkSchema } from './schema.ts'

/** Pages of 4 KiB that are copied between two reports of progress. */
const pages = 4096

/**
 * Copies all that is committed now to a file that must not exist, and reads the copy through. The owner of the database
 * goes on writing. Rejects with one clear line; the file appears only when it is whole.
 */
export async function backupSqlite(
  file: string,
  to: string,
  progress: (done: number, total: number) => void = () => {},
): Promise<void> {
  if (!existsSync(file)) throw new Error(`${file} is not there: nothing to back up`)
  if (existsSync(to)) throw new Error(`${to} is there already: give another name`)
  const part = `${to}.part`
  // Only this user may read what is stored.
  process.umask(0o077)
  // A journal that a full disk left would be taken for one of the next file of that name.
  clear(part)
  const source = open(file)
  try {
    // The open transaction keeps what is copied as it is now, however long it takes.
    source.exec('BEGIN')
    source.prepare('SELECT count(*) FROM sqlite_schema').get()
    await backup(source, part, {
      rate: pages,
      progress: ({ totalPages, remainingPages }) =>
        progress(totalPages - remainingPages, totalPages),
    })
    examine(part, to)
    durable(part)
    renameSync(part, to)
    durable(dirname(to))
  } catch (error) {
    clear(part)
    throw whyNotOpen(error, isDamage(error) ? file : to)
  } finally {
    source.close()
  }
}

/**
 * Puts a backup in the place of the database, which no process may be using. What was there is kept under the name
 * `aside`. Rejects with one clear line where the backup is not whole or not of this program, and then changes nothing.
 */
export function restoreSqlite(from: string, file: string, aside: string): void {
  if (!existsSync(from)) throw new Error(`${from} is not there`)
  const unlock = own(file)
  const part = `${file}.part`
  try {
    copyFileSync(from, part)
    examine(part, from)
    durable(part)
    // The write-ahead log holds the newest commits, so it goes with its database.
    for (const end of ['', '-wal', '-shm'])
      if (existsSync(file + end)) renameSync(file + end, aside + end)
    renameSync(part, file)
    durable(dirname(file))
  } catch (error) {
    throw whyNotOpen(error, isFull(error) ? file : from)
  } finally {
    clear(part)
    unlock()
  }
}

function own(file: string): () => void {
  try {
    return lockFile(file)
  } catch (error) {
    throw whyNotOpen(error, file)
  }
}

function open(file: string): DatabaseSync {
  try {
    return new DatabaseSync(file, { readOnly: true, timeout: 5000 })
  } catch (error) {
    throw whyNotOpen(error, file)
  }
}

/** Reads every page; throws where one is damaged or the file is not of this program. */
function examine(file: string, name: string): void {
  const db = new DatabaseSync(file)
  try {
    checkSchema(db, name)
    const result = db.prepare('PRAGMA quick_check(1)').get()?.quick_check
    if (result !== 'ok') throw new Error(`${name} is damaged`)
  } catch (error) {
    if (Error.isError(error) && 'errcode' in error)
      throw new Error(`${name} is damaged, or no database of Nidaan`, { cause: error })
    throw error
  } finally {
    db.close()
  }
}

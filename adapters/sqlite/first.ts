/** The file of a database that is not there yet. */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { connect } from './connection.ts'
import { migrate } from './schema.ts'

/**
 * Makes the file, which appears only when it is whole: so one of 0 bytes was something else before. Throws where there is
 * such a one, or half a restore; to begin anew in its place would hide that all is lost.
 */
export function makeFirst(file: string): void {
  if (existsSync(file)) {
    if (statSync(file).size > 0) return
    throw new Error(
      `${file} has 0 bytes, so it was cut off or the disk was full: put a backup in its place (npm run restore), or delete it to begin with nothing`,
    )
  }
  checkRestored(file)
  const fresh = `${file}.new`
  clear(fresh)
  const { db, close } = connect({ file: fresh, readOnly: false })
  try {
    migrate(db, fresh)
  } finally {
    close()
  }
  durable(fresh)
  // A log of a file that was deleted would be taken for one of this.
  clear(file)
  renameSync(fresh, file)
  durable(dirname(file))
}

/** With the logs that belong to it. */
export function clear(file: string): void {
  for (const end of ['', '-journal', '-wal', '-shm']) rmSync(file + end, { force: true })
}

/** Throws where a restore ended between taking the old database away and putting the backup in its place. */
function checkRestored(file: string): void {
  if (!existsSync(file) && existsSync(`${file}.part`))
    throw new Error(
      `putting a backup in the place of ${file} was interrupted: run npm run restore again`,
    )
}

/** So that a power cut takes neither it nor its name away. */
export function durable(path: string): void {
  // Which has no such call for a folder, nor for what is open to be read.
  if (process.platform === 'win32') return
  const opened = openSync(path, 'r')
  try {
    fsyncSync(opened)
  } finally {
    closeSync(opened)
  }
}

/** How far each file is loaded, so that the same command goes on where it was interrupted. */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

export interface Checkpoint {
  /** Lines that need not be sent again. */
  line: number
  /** Resources of those lines, and how many were refused. */
  loaded: number
  refused: number
}

export interface Checkpoints {
  read(): Checkpoint
  /** Replaces what is kept at once, so that an interruption leaves the one or the other. */
  save(checkpoint: Checkpoint): void
  forget(): void
}

const none: Checkpoint = { line: 0, loaded: 0, refused: 0 }

/** Of what cannot be begun in the middle. */
export const unkept: Checkpoints = { read: () => none, save() {}, forget() {} }

const folderOf = (dataDir: string): string => join(dataDir, 'import')

/** After it each file begins anew. */
export function forgetAll(dataDir: string): void {
  rmSync(folderOf(dataDir), { recursive: true, force: true })
}

/** Kept for a file as it is now and a target: a changed file begins anew. Standard input has none. */
export function checkpointsOf(name: string, target: string, dataDir: string): Checkpoints {
  if (name === '-') return unkept
  const { size, mtimeMs } = statSync(name)
  const key = [resolve(name), target, size, mtimeMs].join('\n')
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 32)
  const file = join(folderOf(dataDir), `${hash}.json`)
  return {
    read() {
      try {
        return { ...none, ...JSON.parse(readFileSync(file, 'utf8')) }
      } catch {
        return none
      }
    },
    save(checkpoint) {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
      writeFileSync(`${file}.part`, JSON.stringify(checkpoint))
      renameSync(`${file}.part`, file)
    },
    forget: () => rmSync(file, { force: true }),
  }
}

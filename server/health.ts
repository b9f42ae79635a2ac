import { statfs } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { FhirError } from '../resources/error.ts'
import type { Store } from '../resources/store.ts'
import type { Others } from './workers/worker.ts'

interface Readiness {
  ready: boolean
  /** What is not as it should be, in a few words each. */
  problems: string[]
  freeDisk?: number
  /** How many processes take requests here, and how many should; absent where it is one. */
  workers?: { listening: number; of: number }
}

export interface Health {
  ready(): Promise<Readiness>
}

/** ms that the store may take to say that it can write. */
const patience = 5000

const unwritable = 'the store cannot be written'

/** Of a bug no more is told. */
const whyNot = (error: unknown): string =>
  error instanceof FhirError ? `${unwritable}: ${error.message}` : unwritable

/** Ready means that a write would be taken: the store writes, and the disk has room (bytes). */
export function createHealth(parts: {
  store: Store
  folder: string | undefined
  minFreeDisk: number
  others?: Others | undefined
}): Health {
  return {
    async ready() {
      const problems: string[] = []
      const workers = parts.others && { workers: parts.others.count() }
      const late = wait(patience, unwritable, { ref: false })
      const problem = await Promise.race([late, parts.store.check()]).catch(whyNot)
      if (problem) problems.push(problem)
      if (parts.folder === undefined) return { ready: problems.length === 0, problems, ...workers }
      const disk = await statfs(parts.folder).catch(() => undefined)
      if (!disk) return { ready: false, problems: [...problems, 'the folder cannot be read'] }
      const freeDisk = disk.bavail * disk.bsize
      if (freeDisk < parts.minFreeDisk) problems.push('the disk is nearly full')
      return { ready: problems.length === 0, problems, freeDisk }
    },
  }
}

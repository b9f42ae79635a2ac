import { statfs } from 'node:fs/promises'
import type { Store } from '../resources/store.ts'

export interface Readiness {
  ready: boolean
  /** What is not as it should be, in a few words each. */
  problems: string[]
  freeDisk?: number
}

export interface Health {
  ready(): Promise<Readiness>
}

/** Ready means that a write would be taken: the store writes, and the disk has room (bytes). */
export function createHealth(parts: {
  store: Store
  folder: string | undefined
  minFreeDisk: number
}): Health {
  return {
    async ready() {
      const problems: string[] = []
      await parts.store.check().catch(() => problems.push('the store cannot be written'))
      if (parts.folder === undefined) return { ready: problems.length === 0, problems }
      const { bavail, bsize } = await statfs(parts.folder)
      const freeDisk = bavail * bsize
      if (freeDisk < parts.minFreeDisk) problems.push('the disk is nearly full')
      return { ready: problems.length === 0, problems, freeDisk }
    },
  }
}

import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from '@jest/globals'

/** A folder of this test file's own, gone after it; gives the path of a name in it. */
export function ownFolder(name: string): (file: string) => string {
  const folder = mkdtempSync(join(tmpdir(), `nidaan-${name}-`))
  afterAll(() => rm(folder, { recursive: true, force: true }))
  return file => join(folder, file)
}

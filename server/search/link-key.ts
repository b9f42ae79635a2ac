/** The key that links to pages are signed with, where LINK_KEY does not set one: it stays with the resources. */
import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Change, CommitConflict, type Store, type Tenant } from '../../resources/store.ts'

const keyBytes = 32

/** For as long as this process lives. */
export const passingKey = (): Buffer => randomBytes(keyBytes)

/** The one beside the database, made once. */
export function keyBeside(database: string): Buffer {
  const file = keyFile(database)
  return readKey(file) ?? makeKey(file)
}

const keyFile = (database: string): string => join(dirname(database), 'link.key')

/** Links from before another database took this one's place tell of commits that are no more. */
export const forgetKeyBeside = (database: string): void =>
  rmSync(keyFile(database), { force: true })

function readKey(file: string): Buffer | undefined {
  let key: Buffer
  try {
    key = Buffer.from(readFileSync(file, 'utf8').trim(), 'base64url')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  if (key.length < keyBytes)
    throw new Error(`${file} holds no key for links: delete it, and a new one is made`)
  return key
}

function makeKey(file: string): Buffer {
  const key = randomBytes(keyBytes)
  writeFileSync(file, `${key.toString('base64url')}\n`, { mode: 0o600, flag: 'wx' })
  return key
}

/** The one in the store, for all processes that work on it: the first of them makes it. */
export async function keyWithin(store: Store, space: Tenant): Promise<Buffer> {
  const kept = await store.read(space, 'key', 'links')
  if (kept?.json !== undefined) return Buffer.from(JSON.parse(kept.json).value, 'base64url')
  const value = randomBytes(keyBytes).toString('base64url')
  const change: Change = {
    type: 'key',
    id: 'links',
    method: 'create',
    replaces: 0,
    json: JSON.stringify({ resourceType: 'key', id: 'links', value }),
    extract: { rows: [], present: [] },
  }
  try {
    await store.commit(space, () => ({ changes: [change] }))
  } catch (error) {
    if (!(error instanceof CommitConflict)) throw error
  }
  return keyWithin(store, space)
}

import { spawn } from 'node:child_process'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from '@jest/globals'
import { openSqlite } from '../../../adapters/sqlite/store.ts'
import { byCode, found, past, pune, query, scanned } from '../../contract/store/material.ts'
import { ownFolder } from '../../support/folder.ts'

const at = ownFolder('crash')
const file = at('nidaan.db')
const open = () => openSqlite({ file, now: () => Date.now() })

/** Starts the writer, meets it while it runs, kills it with -9, and gives what it acknowledged. */
async function killed(from: number, during: () => Promise<unknown>): Promise<number[]> {
  const script = new URL('writer-process.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [script, file, String(from)])
  let text = ''
  let errors = ''
  child.stderr.on('data', chunk => {
    errors += chunk
  })
  const ended = new Promise(resolve => child.on('close', resolve))
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', chunk => {
      text += chunk
      if (text.length > 1500) resolve()
    })
    void ended.then(() => reject(new Error(errors)))
  })
  await during()
  child.kill('SIGKILL')
  await ended
  const lines = text.slice(0, text.lastIndexOf('\n')).split('\n').slice(1)
  return lines.map(Number)
}

test('what was acknowledged before a kill -9 is there, whole, and the lock is free', async () => {
  const acknowledged: number[] = []
  for (const from of [0, 1_000_000]) {
    acknowledged.push(
      ...(await killed(from, () =>
        expect(open()).rejects.toThrow(`${file} is used by another process`),
      )),
    )
    const store = await open()
    const ids = new Set((await scanned(store, pune, 'Patient')).map(({ id }) => id))
    for (const n of acknowledged)
      for (const part of ['a', 'b', 'c']) expect(ids).toContain(`${part}-${n}`)
    const numbers = [...ids].map(id => Number(id.slice(2)))
    expect(ids.size).toBe(new Set(numbers).size * 3)
    expect(await store.count(pune, query())).toBe(ids.size)
    expect(await past(store, { count: 1_000_000 })).toHaveLength(ids.size)
    for (const n of numbers.slice(-20)) expect(await found(store, [byCode(`${n}`)])).toHaveLength(3)
    await store.close()
  }
  const db = new DatabaseSync(file, { readOnly: true })
  expect(db.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
  db.close()
  expect(acknowledged.length).toBeGreaterThan(100)
})

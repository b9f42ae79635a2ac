/** Writes commits of three changes until it is killed, and prints the number of each that was acknowledged. */
import { openSqlite } from '../../../adapters/sqlite/store.ts'
import { change, coded, pune, write } from '../../contract/store/material.ts'

const [, , file = '', from = '0'] = process.argv
const store = await openSqlite({ file, now: () => Date.now() })
let next = Number(from)

async function client(): Promise<void> {
  const n = next++
  const parts = ['a', 'b', 'c'].map(part => change(`${part}-${n}`, { rows: [coded(`${n}`)] }))
  await write(store, pune, ...parts)
  process.stdout.write(`${n}\n`)
  return client()
}

process.stdout.write('open\n')
await Promise.all(Array.from({ length: 16 }, client))

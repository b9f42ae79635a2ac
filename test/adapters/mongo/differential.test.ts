/** Nothing above a store can tell which one it is: both answer the same to whatever is asked. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Composed, compose } from '../../../server/compose.ts'
import { readConfig } from '../../../server/config.ts'
import { type Operation, operations, shown } from '../../support/differential/operation.ts'
import { clock, play } from '../../support/differential/play.ts'
import { smallest } from '../../support/differential/smallest.ts'
import { dropDatabase, newDatabase } from '../../support/mongo-database.ts'

/** To play a failing run again: DIFFER_SEED=… npm test -- differential. */
const seed = Number(process.env.DIFFER_SEED ?? Math.floor(Math.random() * 2 ** 31))
const many = Number(process.env.DIFFER_COUNT ?? 5000)

const url = newDatabase()
const start = (settings: Record<string, string>): Promise<Composed> =>
  compose(readConfig({ LOG_LEVEL: 'silent', TIME_ZONE: 'UTC', ...settings }), () => clock.now)
const embedded = { STORE_URL: 'sqlite::memory:' }
let servers: Composed[] = []
beforeAll(async () => {
  servers = [await start(embedded), await start({ STORE_URL: url })]
})
afterAll(async () => {
  for (const server of servers) await server.close()
  await dropDatabase(url)
})

/** The fewest of them that are answered differently, found within a minute, and what differs. */
async function explained(some: readonly Operation[], on: Composed[]): Promise<string> {
  const differs = async (fewer: readonly Operation[]) => (await play(fewer, on)) !== undefined
  const few = await smallest(some, differs, performance.now() + 60_000)
  return `${few.map(shown).join('\n')}\n\n${(await play(few, on))?.text}`
}

test(`${many} operations are answered alike (seed ${seed})`, async () => {
  const all = fc.sample(operations, { seed, numRuns: many })
  const found = await play(all, servers)
  if (found) throw new Error(await explained(all.slice(0, found.at + 1), servers))
}, 600_000)

test('a difference is found, and the operations that show it', async () => {
  const strict = await start({ ...embedded, REFERENTIAL_INTEGRITY: 'on' })
  const all = fc.sample(operations, { seed, numRuns: 500 })
  const on = servers.slice(0, 1).concat(strict)
  const found = await play(all, on)
  const text = await explained(all.slice(0, (found?.at ?? 0) + 1), on)
  await strict.close()
  expect(text.split('\n').length).toBeLessThan(40)
  expect(text).toMatch(/^422$/m)
}, 120_000)

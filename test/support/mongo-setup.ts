/** Before the first test on MongoDB: a server, and a prefix for the databases of this run. */
import { randomUUID } from 'node:crypto'
import { type Mongod, startMongod } from './mongod.ts'

declare global {
  var mongod: (Mongod & { prefix: string }) | undefined
}

export default async function (): Promise<void> {
  const prefix = `nidaan-test-${randomUUID().slice(0, 8)}-`
  globalThis.mongod = { ...(await startMongod()), prefix }
  Object.assign(process.env, { TEST_MONGO_URL: globalThis.mongod.url, TEST_MONGO_PREFIX: prefix })
}

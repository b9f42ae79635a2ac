/** Where the database answers no check, all that wait are told together: not one after the other. */
import { randomUUID } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { MongoClient, MongoServerError } from 'mongodb'
import { createWriteBatch } from '../../../adapters/mongo/batch.ts'
import { connect } from '../../../adapters/mongo/connection.ts'
import { createFlow } from '../../../adapters/mongo/flow.ts'
import { type MongoOptions, openParts } from '../../../adapters/mongo/parts.ts'
import { migrate } from '../../../adapters/mongo/schema.ts'
import type { Commit, Version } from '../../../resources/store.ts'
import { byCode, change, pune, query, times } from '../../contract/store/material.ts'
import { dropDatabase, newDatabase } from '../../support/mongo-database.ts'

const now = () => Date.UTC(2026, 0, 1)

/** A line of commits of which each check gets this error, and how often one was tried to be written. */
async function open(error: Error) {
  const url = newDatabase()
  const options: MongoOptions = { url, now, newId: randomUUID }
  const connection = await connect({ ...options, name: randomUUID() })
  await migrate(connection)
  const parts = await openParts(options, connection)
  let tries = 0
  const transactions: typeof parts.transactions = {
    ...parts.transactions,
    once: (until, work) => {
      tries++
      return parts.transactions.once(until, work)
    },
  }
  const searchIds = () => Promise.reject(error)
  const write = createWriteBatch({ ...parts, transactions, searchIds }, parts.last)
  const flow = createFlow(write, parts.slot, undefined)
  return {
    tries: () => tries,
    push: (commit: Commit) =>
      new Promise<Version[]>((resolve, reject) =>
        flow.push({
          ...{ tenant: pune, build: () => commit, commit, at: now(), size: 1 },
          ...{ until: performance.now() + 10_000, tried: [], heavy: false, resolve, reject },
        }),
      ),
    async close() {
      await parts.slot.close()
      await connection.client.close()
      await dropDatabase(url)
    },
  }
}

const checked = (n: number): Commit => ({
  changes: [change(`c${n}`)],
  checks: [{ name: `c${n}`, query: query({ where: [byCode(`${n}`)] }), ids: [] }],
})
const outcomes = async (all: Promise<unknown>[]) =>
  (await Promise.allSettled(all)).map(each =>
    each.status === 'fulfilled' ? 'written' : each.reason.status,
  )

test('what the database has no time to look for is refused, and what is beside it written, at once', async () => {
  const { tries, push, close } = await open(
    new MongoServerError({ code: 50, message: 'operation exceeded time limit' }),
  )
  const all = [...times(4, n => push(checked(n))), push({ changes: [change('a')] })]
  expect(await outcomes(all)).toEqual([503, 503, 503, 503, 'written'])
  expect(tries()).toBe(1)
  await close()
})

test('where it cannot be reached, none is tried by itself', async () => {
  const nobody = new MongoClient('mongodb://127.0.0.1:1/', { serverSelectionTimeoutMS: 100 })
  const nowhere: unknown = await nobody.connect().catch(error => error)
  const { tries, push, close } = await open(nowhere as Error)
  const all = [...times(4, n => push(checked(n))), push({ changes: [change('a')] })]
  expect(await outcomes(all)).toEqual([503, 503, 503, 503, 503])
  expect(tries()).toBe(1)
  await close()
})

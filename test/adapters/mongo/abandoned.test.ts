/** What a process that was killed, or that lost its way to the database, had begun to write is not kept from others. */
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { MongoClient } from 'mongodb'
import { connect } from '../../../adapters/mongo/connection.ts'
import { change, next, past, pune, write } from '../../contract/store/material.ts'
import { dropDatabase, newDatabase } from '../../support/mongo-database.ts'
import { startServer } from '../../support/process.ts'
import { openAt } from './open.ts'
import { openWay } from './way.ts'

let url: string
let admin: MongoClient
const servers: { child: { kill(signal: 'SIGKILL'): boolean } }[] = []

beforeEach(() => {
  url = newDatabase()
  admin = new MongoClient(url)
})
afterEach(async () => {
  for (const { child } of servers.splice(0)) child.kill('SIGKILL')
  await admin.close()
  await dropDatabase(url)
})

const now = () => Date.UTC(2026, 0, 1)
const start = async () => {
  const server = await startServer({ STORE_URL: url })
  servers.push(server)
  return server
}

/** By which the database tells the only process at work. */
const nameOfOnly = async () =>
  String(
    (
      await admin
        .db()
        .collection('lease')
        .findOne({ holder: /^nidaan / })
    )?.holder,
  )

/** Transactions of a process that wait for their next command. */
async function begun(name: string): Promise<number> {
  const idle = { $match: { type: 'idleSession', appName: name } }
  const found = admin.db('admin').aggregate([{ $currentOp: { idleSessions: true } }, idle])
  return (await found.toArray()).length
}

/** Whether something here cannot be written, because a transaction that has not ended has. */
async function isKept(): Promise<boolean> {
  const session = admin.startSession()
  session.startTransaction()
  try {
    await admin
      .db()
      .collection('resource')
      .updateMany({}, { $set: { probe: 1 } }, { session })
    return false
  } catch (error) {
    expect(error).toMatchObject({ codeName: 'WriteConflict' })
    return true
  } finally {
    await session.abortTransaction()
    await session.endSession()
  }
}

let made = 0
const bundle = () => ({
  resourceType: 'Bundle',
  type: 'transaction',
  entry: Array.from({ length: 500 }, (_, n) => ({
    resource: patient(`p${n}`),
    request: { method: 'PUT', url: `Patient/p${n}` },
  })),
})

const patient = (id: string) => ({
  resourceType: 'Patient',
  id,
  name: [{ family: `Kulkarni${++made}` }],
})

const send = (address: string, method: string, body: object) =>
  fetch(address, {
    method,
    headers: { 'Content-Type': 'application/fhir+json' },
    body: JSON.stringify(body),
  })

test('others write at once what a killed process was about to write', async () => {
  const one = await start()
  const name = await nameOfOnly()
  const other = await start()
  expect((await send(one.url, 'POST', bundle())).status).toBe(200)
  // It is killed where it is in the middle, and nowhere else.
  let going = true
  const writing = (async () => {
    while (going) await send(one.url, 'POST', bundle()).catch(() => {})
  })()
  for (let caught = false; !caught; ) {
    await wait(Math.random() * 200)
    one.child.kill('SIGSTOP')
    await wait(300)
    caught = await isKept()
    one.child.kill(caught ? 'SIGKILL' : 'SIGCONT')
  }
  going = false
  await Promise.all([writing, one.ended])
  expect([await begun(name), await isKept()]).toEqual([1, true])

  const from = performance.now()
  const answer = await send(`${other.url}/Patient/p0`, 'PUT', patient('p0'))
  expect(answer.status).toBe(200)
  expect(performance.now() - from).toBeLessThan(5000)
  expect([await begun(name), await isKept()]).toEqual([0, false])
  expect(await other.stop()).toBe(0)
}, 120_000)

test('what the database could not be told to give up is given up with the next attempt', async () => {
  const way = await openWay(url)
  const store = await openAt(way.url, now, { writeTime: 10_000 })
  const a = change('a')
  await write(store, pune, a)
  way.loseAnswers('"Patient"', 1)
  way.loseCommands('abortTransaction', 3)
  await write(store, pune, next(a))
  expect(await past(store)).toEqual(['Patient/a 2', 'Patient/a 1'])
  expect(await begun(await nameOfOnly())).toBe(0)
  await store.close()
  await way.stop()
})

test('a transaction of a process that lives is left to it', async () => {
  const store = await openAt(url, now, { writeTime: 3000 })
  const a = change('a')
  await write(store, pune, a)
  const { client, collections, name } = await connect({ url, name: randomUUID() })
  const session = client.startSession()
  session.startTransaction()
  await collections.resource.updateOne({ _id: /a/ }, { $set: { at: 0 } }, { session })
  await expect(write(store, pune, next(a))).rejects.toMatchObject({ status: 503 })
  expect(await begun(name)).toBe(1)
  await session.commitTransaction()
  await client.close()
  await write(store, pune, next(a))
  await store.close()
})

/** Batches are prepared beside each other, and still there is one order of what can be seen. */
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { MongoClient } from 'mongodb'
import type { Stored } from '../../../adapters/mongo/document.ts'
import { change, conflict, next, past, pune, times, write } from '../../contract/store/material.ts'
import { dropDatabase, newDatabase } from '../../support/mongo-database.ts'
import { holdAll } from './holding.ts'
import { openAt, openEmpty } from './open.ts'
import { openWay } from './way.ts'

const now = () => Date.UTC(2026, 0, 1)

test.each([
  ['no answer is', () => {}],
  ['answers are', way => way.loseAnswers('commitTransaction', 1)],
  ['commands are', way => way.loseCommands('commitTransaction', 2)],
  ['what is to be written is', way => way.loseCommands('insert', 1)],
] as [string, (way: Awaited<ReturnType<typeof openWay>>) => void][])(
  'whoever sees a commit sees all before it, where %s lost',
  async (_, lose) => {
    const url = newDatabase()
    const way = await openWay(url)
    const store = await openAt(way.url, now)
    const reader = await new MongoClient(url).connect()
    const versions = reader.db().collection<{ s: number }>('resource')
    const seen: number[][] = []
    let writing = true
    const look = async () => {
      while (writing) {
        const found = await versions.find({}, { projection: { _id: 0, s: 1 } }).toArray()
        seen.push(found.map(({ s }) => s))
      }
    }
    const looking = look()
    await Promise.all(
      times(12, async client => {
        let one = change(`a${client}`)
        for (let step = 0; step < 12; step++) {
          if (client === 0 && step % 2 === 0) lose(way)
          await write(store, pune, one)
          one = next(one)
          // Not all at the same time.
          await wait((client * 5 + step) % 7)
        }
      }),
    )
    writing = false
    await looking
    const all = (await past(store)).length
    expect(all).toBe(144)
    const numbers = await versions.distinct('s')
    for (const some of seen) {
      const last = Math.max(0, ...some)
      expect(some.toSorted((a, b) => a - b)).toEqual(numbers.filter(s => s <= last))
    }
    expect(new Set(seen.map(some => some.length)).size).toBeGreaterThan(5)
    await reader.close()
    await store.close()
    await way.stop()
    await dropDatabase(url)
  },
)

test('of many writers of one resource each version has one', async () => {
  const store = await openEmpty(now)
  await write(store, pune, change('a'))
  let one = change('a')
  for (let version = 1; version < 6; version++) {
    one = next(one)
    const answers = await Promise.allSettled(
      times(20, async n => {
        // Some come while others are being written.
        for (let turns = 0; turns < n % 5; turns++) await turn()
        return write(store, pune, one)
      }),
    )
    const refused = answers.filter(({ status }) => status === 'rejected')
    expect(refused).toHaveLength(19)
    for (const each of refused)
      expect(each).toMatchObject({ reason: conflict('version', 'Patient/a') })
  }
  expect(await past(store)).toHaveLength(6)
  await store.close()
})

test('one that somebody else keeps from being written is not waited for by others', async () => {
  const url = newDatabase()
  const store = await openAt(url, now)
  const a = change('a')
  await write(store, pune, a)
  const { held, letGo } = await holdAll(url)
  expect(held).toBe(1)
  const answered: string[] = []
  const told = (name: string, commit: Promise<unknown>) => commit.then(() => answered.push(name))
  const kept = told('a', write(store, pune, next(a)))
  await Promise.all(times(40, n => told('b', write(store, pune, change(`b${n}`)))))
  // Its turn comes again and again, and others still go on.
  for (let n = 0; n < 20; n++) await told('c', write(store, pune, change(`c${n}`)))
  expect(answered).not.toContain('a')
  await letGo()
  await kept
  expect(answered.at(-1)).toBe('a')
  expect(await past(store)).toHaveLength(62)
  await store.close()
  await dropDatabase(url)
})

test('one that was kept looks again at what it replaces', async () => {
  const url = newDatabase()
  const store = await openAt(url, now)
  const a = change('a')
  await write(store, pune, a)
  // Another process replaces it in a transaction that takes long.
  const client = await new MongoClient(url).connect()
  const session = client.startSession()
  session.startTransaction({ writeConcern: { w: 'majority' } })
  const all = client.db().collection<Stored>('resource')
  const before = await all.findOne({ v: 1 }, { session })
  if (!before) throw new Error('there is nothing')
  const { _id, n, s } = before
  await all.updateOne({ _id }, { $set: { u: s + 1 }, $unset: { n: 1, x: 1 } }, { session })
  const _id2 = _id.replace(/1$/, '2')
  await all.insertOne({ ...before, _id: _id2, n: n ?? '', v: 2, s: s + 1 }, { session })
  const kept = write(store, pune, next(a))
  const told = expect(kept).rejects.toMatchObject(conflict('version', 'Patient/a'))
  await wait(1000)
  await session.commitTransaction()
  await told
  await session.endSession()
  await client.close()
  await store.close()
  await dropDatabase(url)
}, 15_000)

test('one that is kept from being written for too long is told so', async () => {
  const url = newDatabase()
  const store = await openAt(url, now, { writeTime: 1000 })
  const a = change('a')
  await write(store, pune, a)
  const { letGo } = await holdAll(url)
  await expect(write(store, pune, next(a))).rejects.toMatchObject({
    status: 503,
    message: 'others write the same: repeat the request',
  })
  await letGo()
  await write(store, pune, next(a))
  await store.close()
  await dropDatabase(url)
})

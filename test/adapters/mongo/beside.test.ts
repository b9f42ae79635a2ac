/** What goes on beside a write or a page: others that are kept, refused, lost, or that write just then. */

import { randomUUID } from 'node:crypto'
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from '@jest/globals'
import { MongoClient, MongoNetworkError, MongoServerError } from 'mongodb'
import { createCommits } from '../../../adapters/mongo/commit.ts'
import { connect } from '../../../adapters/mongo/connection.ts'
import { type MongoOptions, openParts, type Parts } from '../../../adapters/mongo/parts.ts'
import { migrate } from '../../../adapters/mongo/schema.ts'
import { searchPage } from '../../../adapters/mongo/search.ts'
import { createTurn } from '../../../adapters/mongo/turns.ts'
import type { Change } from '../../../resources/store.ts'
import { change, coded, next, pune, query, times, write } from '../../contract/store/material.ts'
import { dropDatabase, newDatabase } from '../../support/mongo-database.ts'
import { holdAll } from './holding.ts'
import { openAt } from './open.ts'

const now = () => Date.UTC(2026, 0, 1)

test('turns that have ended are forgotten', async () => {
  setFlagsFromString('--expose_gc')
  const gc = runInNewContext('gc') as () => void
  const refs: WeakRef<object>[] = []
  let last: ReturnType<typeof createTurn> | undefined
  for (let n = 0; n < 100; n++) {
    const before: ReturnType<typeof createTurn> | undefined = last
    last = createTurn(before, () => {})
    refs.push(new WeakRef(last))
    last.sent({ at: n, s: n })
    before?.ended()
    await last.toCommit()
    await turn()
  }
  await wait(10)
  gc()
  await wait(10)
  gc()
  const alive = refs.filter(ref => ref.deref()).length
  expect(last).toBeDefined()
  expect(alive).toBeLessThan(5)
})

test('one that is kept, beside one that is refused, does not hold up all others', async () => {
  const url = newDatabase()
  const store = await openAt(url, now, { writeTime: 6000 })
  await write(store, pune, change('a'))
  const client = await new MongoClient(url).connect()
  await client.db().command({ collMod: 'resource', validator: { ty: { $ne: 'Bad' } } })
  const session = client.startSession()
  session.startTransaction()
  await client
    .db()
    .collection<{ _id: string }>('resource')
    .insertOne({ _id: 'pune/Patient/x/000000001', n: 'pune/Patient/x' } as never, { session })
  const answered: string[] = []
  const bad = write(store, pune, change('b', { type: 'Bad' })).catch(() => 'refused')
  const kept = write(store, pune, change('x')).then(
    () => answered.push('x'),
    () => answered.push('x refused'),
  )
  await bad
  await write(store, pune, change('c')).then(
    () => answered.push('c'),
    () => answered.push('c refused'),
  )
  await session.abortTransaction()
  await kept
  expect(answered[0]).toBe('c')
  await session.endSession()
  await client.close()
  await store.close()
  await dropDatabase(url)
})

test('nothing comes before what was told as settled', async () => {
  const url = newDatabase()
  let time = now()
  const store = await openAt(url, () => time)
  const a = change('a')
  await write(store, pune, a)
  const { letGo } = await holdAll(url)
  time += 1000
  const kept = write(store, pune, next(a))
  await wait(1500)
  time += 5000
  let told = 0
  for (let n = 0; n < 40; n++) {
    const refused = write(store, pune, next(change('none'))).catch(() => {})
    await turn()
    await turn()
    const page = await store.history(pune, { count: 1 })
    told = Math.max(told, page.settled ?? 0)
    await refused
  }
  await letGo()
  const [version] = await kept
  expect(version?.at).toBeGreaterThanOrEqual(told)
  await store.close()
  await dropDatabase(url)
})

test('numbers of what is put back are not below what a page was told', async () => {
  const url = newDatabase()
  const options: MongoOptions = { url, now, newId: randomUUID }
  const connection = await connect({ ...options, name: randomUUID() })
  await migrate(connection)
  const parts = await openParts(options, connection)
  let n = 0
  let told = 0
  const transactions: Parts['transactions'] = {
    ...parts.transactions,
    once: async (until, work) => {
      n++
      if (n === 1)
        return parts.transactions.once(until, async session => {
          await work(session)
          throw new MongoNetworkError('the connection was lost')
        })
      if (n === 2)
        throw new MongoServerError({
          code: 112,
          message: 'WriteConflict',
          errorLabels: ['TransientTransactionError'],
        })
      if (n === 4) told = parts.order.asOf(0)
      return parts.transactions.once(until, work)
    },
  }
  const { commit } = createCommits(options, { ...parts, transactions })
  const answers = await Promise.all([
    commit(pune, () => ({ changes: [change('a')] })),
    commit(pune, () => ({ changes: [change('b')] })),
  ])
  expect(n).toBe(4)
  expect(answers[1]?.[0]?.seq).toBeGreaterThan(told)
  await parts.slot.close()
  await connection.client.close()
  await dropDatabase(url)
})

test.each([1, 40])('%p that are kept do not hold up others', async many => {
  const url = newDatabase()
  const store = await openAt(url, now)
  const all = times(many, n => change(`a${n}`))
  await Promise.all(all.map(each => write(store, pune, each)))
  const { letGo } = await holdAll(url)
  let answered = 0
  const kept = all.map(async each => {
    await write(store, pune, next(each))
    answered++
  })
  const outcome = await write(store, pune, change('c')).then(
    () => 'written',
    error => String(error),
  )
  expect([outcome, answered]).toEqual(['written', 0])
  await letGo()
  await Promise.all(kept)
  expect(answered).toBe(many)
  await store.close()
  await dropDatabase(url)
})

test('what is superseded while a page that goes on begins is on it', async () => {
  const url = newDatabase()
  const store = await openAt(url, Date.now)
  const options: MongoOptions = { url, now: Date.now, newId: randomUUID }
  const connection = await connect({ ...options, name: randomUUID() })
  const parts = await openParts(options, connection)
  const all = times(4, n => change(`a${n}`, { rows: [coded('x')], date: n }))
  for (const each of all) await write(store, pune, each)
  const source = parts.source()
  const asked = query({ count: 2 })
  const first = await searchPage(source, pune, asked)
  const real = source.collections.resource
  let done = false
  const resource = new Proxy(real, {
    get(target, name) {
      const value = Reflect.get(target, name)
      if (name !== 'find') return typeof value === 'function' ? value.bind(target) : value
      return (filter: { u?: unknown }, how: object) => {
        const cursor = target.find(filter as never, how)
        if (!('u' in filter) || done) return cursor
        done = true
        return {
          toArray: async () => {
            const found = await cursor.toArray()
            // Somebody writes just now.
            await write(store, pune, next(all[2] as Change, { rows: [coded('x')], date: 2 }))
            return found
          },
        }
      }
    },
  })
  const second = await searchPage(
    { ...source, collections: { ...source.collections, resource } },
    pune,
    { ...asked, after: first.next ?? '' },
  )
  await parts.slot.close()
  await connection.client.close()
  await store.close()
  await dropDatabase(url)
  expect(second.versions.map(each => each.id)).toEqual(['a2', 'a3'])
})

test('a count sees what another one writes whose clock is behind', async () => {
  const url = newDatabase()
  const time = now() + 20
  const store = await openAt(url, () => time)
  const beside = await openAt(url, now)
  await write(store, pune, change('a'))
  const asked = query({})
  expect(await store.count(pune, asked)).toBe(1)
  await write(beside, pune, change('b'))
  await beside.close()
  // That another came is known of by then.
  await wait(5500)
  const count = await store.count(pune, asked)
  await store.close()
  await dropDatabase(url)
  expect(count).toBe(2)
})

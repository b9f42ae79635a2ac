/** What was acknowledged is there once, and what was not is told as such, whatever the way to the database does. */
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { MongoStore } from '../../../adapters/mongo/store.ts'
import { change, conflict, next, past, pune, times, write } from '../../contract/store/material.ts'
import { dropDatabase, newDatabase } from '../../support/mongo-database.ts'
import { openAt } from './open.ts'
import { openWay, type Way } from './way.ts'

let url: string
let way: Way
let store: MongoStore

beforeEach(async () => {
  url = newDatabase()
  way = await openWay(url)
  store = await openAt(way.url, () => Date.UTC(2026, 0, 1), {
    writeTime: 4000,
    selectionTime: 1000,
  })
})
afterEach(async () => {
  await store.close()
  await way.stop()
  await dropDatabase(url)
})

const unavailable = { name: 'FhirError', status: 503, headers: { 'Retry-After': '5' } }
const event = (id: string) => ({ id, topic: 't', type: 'Patient', resource: id, version: 1 })

test.each([1, 2, 3, 5])('commits of which %d answers are lost are made once', async lost => {
  const a = change('a')
  await write(store, pune, a)
  way.loseAnswers('commitTransaction', lost)
  const answers = await Promise.all([
    write(store, pune, next(a)),
    ...times(5, n => write(store, pune, change(`b${n}`))),
    store.commit(pune, () => ({ changes: [], events: [event('e')] })),
  ])
  expect(answers.slice(0, 6).flat()).toHaveLength(6)
  for (const version of answers.flat())
    expect(await store.read(pune, 'Patient', version.id)).toEqual(version)
  expect(await past(store)).toHaveLength(7)
  expect((await store.undelivered(9)).map(each => each.event.id)).toEqual(['e'])
})

test('commits are made once whose answer is lost before the database is away for long', async () => {
  const patient = await openAt(way.url, () => Date.UTC(2026, 0, 1), {
    writeTime: 10_000,
    selectionTime: 2000,
  })
  way.loseAnswers('commitTransaction', 1000)
  const together = Promise.all(times(3, n => write(patient, pune, change(`a${n}`))))
  await wait(300)
  way.close(true)
  // Longer than it is looked for.
  await wait(2000)
  way.loseAnswers('', 0)
  way.close(false)
  for (const [made] of await together)
    expect(await patient.read(pune, 'Patient', made?.id ?? '')).toEqual(made)
  expect(await past(patient)).toHaveLength(3)
  await patient.close()
}, 20_000)

test.each(['insert', 'update', 'find', 'commitTransaction'])(
  'commits go on where a command to %s does not come through',
  async word => {
    const a = change('a')
    // By another process: this one has to ask for it.
    const other = await openAt(url, Date.now)
    await write(other, pune, a)
    await other.close()
    way.loseCommands(word, 2)
    const [made] = await write(store, pune, next(a))
    expect(await store.read(pune, 'Patient', 'a')).toEqual(made)
    expect(await past(store)).toEqual(['Patient/a 2', 'Patient/a 1'])
  },
)

test('those refused are refused as such where answers are lost', async () => {
  const a = change('a')
  await write(store, pune, a)
  way.loseAnswers('commitTransaction', 3)
  const answers = await Promise.allSettled(times(4, () => write(store, pune, next(a))))
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', ...Array(3).fill('rejected')])
  for (const answer of answers)
    if (answer.status === 'rejected')
      expect(answer.reason).toMatchObject(conflict('version', 'Patient/a'))
})

test('while there is no way, every call says so in its time; then all goes on', async () => {
  await write(store, pune, change('a'))
  way.close(true)
  const from = performance.now()
  const calls = [
    write(store, pune, change('b')),
    store.read(pune, 'Patient', 'z'),
    store.history(pune, { count: 1 }),
    store.check(),
  ]
  for (const call of calls) await expect(call).rejects.toMatchObject(unavailable)
  expect(performance.now() - from).toBeLessThan(15_000)
  way.close(false)
  await write(store, pune, change('c'))
  expect(await past(store)).toEqual(['Patient/c 1', 'Patient/a 1'])
})

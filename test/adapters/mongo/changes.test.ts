/** What is told of the last changes is another text also where the later one to come to sight has the earlier number. */
import { expect, test } from '@jest/globals'
import { change, next, pune, write } from '../../contract/store/material.ts'
import { dropDatabase, newDatabase } from '../../support/mongo-database.ts'
import { openAt } from './open.ts'

const now = () => Date.UTC(2026, 0, 1)
const types = ['CodeSystem', 'ValueSet']

test('a change by a process whose clock is behind shows', async () => {
  const url = newDatabase()
  const store = await openAt(url, now)
  const ahead = await openAt(url, () => now() + 50)
  await write(ahead, pune, change('a', { type: 'CodeSystem' }))
  const told = [await ahead.lastChanges(pune, types)]
  expect(await ahead.totals(pune)).toEqual({ CodeSystem: 1 })
  const b = change('b', { type: 'CodeSystem' })
  await write(store, pune, b)
  expect(await ahead.totals(pune)).toEqual({ CodeSystem: 2 })
  for (const each of [next(b), next(next(b))]) {
    const changes = await ahead.lastChanges(pune, types)
    expect(told).not.toContain(changes)
    told.push(changes)
    await write(store, pune, each)
  }
  expect(told).not.toContain(await ahead.lastChanges(pune, types))
  await store.close()
  await ahead.close()
  await dropDatabase(url)
})

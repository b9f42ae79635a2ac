/** Values that come beside writes: neither loses the other's. */
import { expect, test } from '@jest/globals'
import type { Row } from '../../../resources/store.ts'
import { change, coded, found, next, pune, times, write } from '../../contract/store/material.ts'
import { openEmpty } from './open.ts'

const now = () => Date.UTC(2026, 0, 1)
const red: Row = { kind: 'token', param: 'colour@7', code: 'red', system: '' }
const isRed = { kind: 'token', param: 'colour@7', code: 'red' } as const

test('additions to what is just replaced come, or are told to be lost', async () => {
  const store = await openEmpty(now)
  const all = times(40, n => change(`p${n}`, { rows: [coded('1')] }))
  await write(store, pune, ...all)
  const additions = all.map(({ type, id }) => ({ type, id, number: 1, rows: [red] }))
  const [lost] = await Promise.all([
    store.addRows(pune, additions.slice(0, 30)),
    ...all.slice(10).map(one => write(store, pune, next(one, { rows: [coded('1')] }))),
  ])
  const lostIds = lost.map(({ id }) => id)
  const newest = await Promise.all(all.map(({ id }) => store.read(pune, 'Patient', id)))
  expect(newest.map(version => version?.number)).toEqual(times(40, n => (n < 10 ? 1 : 2)))
  // What came to version 1 went with it.
  expect((await found(store, [isRed])).sort()).toEqual(times(10, n => `p${n}`).sort())
  expect(lostIds.filter(id => Number(id.slice(1)) < 10)).toEqual([])
  await store.close()
})

test('names are whole: one that begins like another is not dropped with it', async () => {
  const store = await openEmpty(now)
  const rows = ['colour', 'colour@7', 'colour@70', 'col.ur', 'colour-x'].map(
    (param): Row => ({ ...red, param }),
  )
  await write(store, pune, change('a', { rows }))
  const left = async () => {
    const ids = await Promise.all(
      rows.map(({ param }) => found(store, [{ kind: 'token', param, code: 'red' }])),
    )
    return rows.filter((_, index) => ids[index]?.length).map(({ param }) => param)
  }
  expect(await store.dropRows(pune, 'Patient', 'col.ur', 100)).toBe(false)
  expect(await left()).toEqual(['colour', 'colour@7', 'colour@70', 'colour-x'])
  expect(await store.dropRows(pune, 'Patient', 'colour', 100)).toBe(false)
  expect(await left()).toEqual(['colour@7', 'colour@70', 'colour-x'])
  expect(await store.dropRows(pune, 'Patient', 'colour@7', 100)).toBe(false)
  expect(await left()).toEqual(['colour@70', 'colour-x'])
  await store.close()
})

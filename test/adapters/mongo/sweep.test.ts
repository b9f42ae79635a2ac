import { expect, test } from '@jest/globals'
import { connect } from '../../../adapters/mongo/connection.ts'
import { sweep } from '../../../adapters/mongo/sweep.ts'
import {
  byCode,
  change,
  coded,
  deletion,
  found,
  idsOf,
  next,
  pune,
  query,
  times,
  walk,
  write,
} from '../../contract/store/material.ts'
import { dropDatabase, newDatabase } from '../../support/mongo-database.ts'
import { openAt } from './open.ts'

const hour = 3_600_000

test('values of what was superseded are kept for as long as links to pages live', async () => {
  const url = newDatabase()
  const clock = { now: Date.UTC(2026, 0, 1) }
  const store = await openAt(url, () => clock.now)
  const { client, collections } = await connect({ url })
  const { resource } = collections
  const kept = () => resource.countDocuments({ old: { $exists: true } })
  const all = times(6, n => change(`p${n}`, { rows: [coded('1')] }))
  await write(store, pune, ...all)
  const asked = query({ where: [byCode('1')], count: 2 })
  const first = await store.search(pune, asked)
  for (const one of all) await write(store, pune, next(one, { rows: [coded('2')] }))
  await write(store, pune, deletion(next(all[5] ?? change('p5'))))

  clock.now += hour - 1000
  await sweep(resource, clock.now)
  expect(await kept()).toBe(7)
  const link = { ...asked, after: first.next ?? '' }
  const rest = await walk(each => store.search(pune, each), link)
  expect(idsOf([...first.versions, ...rest.versions])).toEqual(idsOf(all))

  const fresh = await store.search(pune, query({ where: [byCode('2')], count: 2 }))
  clock.now += 2000
  await sweep(resource, clock.now)
  expect(await kept()).toBe(0)
  await expect(store.search(pune, link)).rejects.toMatchObject({ status: 410 })
  const others = { ...query({ where: [byCode('2')], count: 2 }), after: fresh.next ?? '' }
  const more = await walk(each => store.search(pune, each), others)
  expect(idsOf([...fresh.versions, ...more.versions])).toEqual(idsOf(all.slice(0, 5)))
  expect(await found(store, [byCode('1')])).toEqual([])
  expect((await store.history(pune, { count: 100 })).versions).toHaveLength(13)
  await client.close()
  await store.close()
  await dropDatabase(url)
})

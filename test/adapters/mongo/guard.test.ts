/** The time after which a check is read: that of a write of its own, which most members have by then. */
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { connect } from '../../../adapters/mongo/connection.ts'
import { timeAfterGuards } from '../../../adapters/mongo/guard.ts'
import { type MongoOptions, openParts } from '../../../adapters/mongo/parts.ts'
import { migrate } from '../../../adapters/mongo/schema.ts'
import { limitsOf, together } from '../../../adapters/mongo/source.ts'
import { dropDatabase, newDatabase } from '../../support/mongo-database.ts'

test('to wait until most members have what others wrote takes no time of a search', async () => {
  const url = newDatabase()
  const options: MongoOptions = { url, now: () => Date.UTC(2026, 0, 1), newId: randomUUID }
  const connection = await connect({ ...options, name: randomUUID() })
  await migrate(connection)
  const parts = await openParts(options, connection)
  const until = performance.now() + 100
  const early = async () => {
    await wait(200)
    return timeAfterGuards({ db: connection.db, maxTimeMS: 1000 }, parts.slot.number())
  }
  const left = await together(
    parts.source({ until, early }),
    async then => limitsOf(then).maxTimeMS,
  )
  expect(left).toBeGreaterThan(1)
  await parts.slot.close()
  await connection.client.close()
  await dropDatabase(url)
})

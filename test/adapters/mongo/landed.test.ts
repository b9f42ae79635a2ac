import { randomUUID } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { MongoNetworkError } from 'mongodb'
import { createCommits } from '../../../adapters/mongo/commit.ts'
import { connect } from '../../../adapters/mongo/connection.ts'
import { type MongoOptions, openParts, type Parts } from '../../../adapters/mongo/parts.ts'
import { migrate } from '../../../adapters/mongo/schema.ts'
import { change, conflict, next, past, pune, times } from '../../contract/store/material.ts'
import { dropDatabase, newDatabase } from '../../support/mongo-database.ts'
import { openAt } from './open.ts'

const now = () => Date.UTC(2026, 0, 1)

/** Transactions that are made, or are not, and of which the driver knows nothing. */
const losing = (real: Parts['transactions'], lost: ('made' | 'not made')[]) => ({
  ...real,
  once: (async (until, work) => {
    const loss = lost.shift()
    const lose = () => {
      throw new MongoNetworkError('the connection was lost')
    }
    if (loss === 'not made') return real.once(until, session => work(session).then(lose))
    const result = await real.once(until, work)
    return loss === 'made' ? lose() : result
  }) as Parts['transactions']['once'],
})

test.each([
  [['made']],
  [['not made']],
  [['not made', 'made']],
  [['not made', 'not made', 'made', 'made']],
] as ('made' | 'not made')[][][])(
  'tries of which no answer came (%p) are made once',
  async lost => {
    const url = newDatabase()
    const options: MongoOptions = { url, now, newId: randomUUID }
    const connection = await connect({ ...options, name: randomUUID() })
    await migrate(connection)
    const parts = await openParts(options, connection)
    const transactions = losing(parts.transactions, lost)
    const { commit } = createCommits(options, { ...parts, transactions })

    const a = change('a')
    const event = { id: 'e', topic: 't', type: 'Patient', resource: 'e', version: 1 }
    const answers = await Promise.allSettled([
      commit(pune, () => ({ changes: [a] })),
      commit(pune, () => ({ changes: [next(change('none'))] })),
      ...times(3, n => commit(pune, () => ({ changes: [change(`b${n}`)] }))),
      commit(pune, () => ({ changes: [], events: [event] })),
    ])
    expect(lost).toEqual([])
    const [, refused] = answers
    expect(refused).toMatchObject({ reason: conflict('version', 'Patient/none') })
    expect(answers.map(({ status }) => status)).toEqual(
      times(6, n => (n === 1 ? 'rejected' : 'fulfilled')),
    )
    await parts.slot.close()
    await connection.client.close()
    const store = await openAt(url, now)
    expect(await past(store)).toEqual([
      'Patient/b2 1',
      'Patient/b1 1',
      'Patient/b0 1',
      'Patient/a 1',
    ])
    for (const answer of answers)
      for (const version of answer.status === 'fulfilled' ? answer.value : [])
        expect(await store.read(pune, 'Patient', version.id)).toEqual(version)
    expect((await store.undelivered(9)).map(each => each.event.id)).toEqual(['e'])
    await store.close()
    await parts.slot.close()
    await connection.client.close()
    await dropDatabase(url)
  },
)

/** What a damaged database looks like to whoever inspects it. */
import { expect, test } from '@jest/globals'
import { type Db, MongoClient } from 'mongodb'
import { fillAll, inspected } from '../../contract/store/inspect.ts'
import { dropDatabase, newDatabase } from '../../support/mongo-database.ts'
import { openAt } from './open.ts'

let time = Date.UTC(2026, 0, 1)
const now = () => time
const idOf = (id: string, number: number) => `pune/Patient/${id}/00000000${number}`

/** Changes one version. */
const change =
  (id: string, number: number, update: object) =>
  async (db: Db): Promise<void> => {
    const _id = idOf(id, number) as never
    const { matchedCount } = await db.collection('resource').updateOne({ _id }, update)
    expect(matchedCount).toBe(1)
  }

const remove =
  (id: string, number: number) =>
  async (db: Db): Promise<void> => {
    await db.collection('resource').deleteOne({ _id: idOf(id, number) as never })
  }

const body = (text: string) => ({ $set: { body: Buffer.from(text) } })

const damages: [string, (db: Db) => Promise<unknown>, RegExp][] = [
  [
    'a newest version that is gone',
    remove('p3', 2),
    /p3 version 1 is the newest one, and not found/,
  ],
  ['a version that is gone', remove('p3', 1), /p3 version 2 stands in the place of version 1/],
  [
    'a name twice',
    change('p3', 1, { $set: { n: 'pune/Patient/x' } }),
    /p3 version 1 is superseded, and found/,
  ],
  [
    'no name',
    change('p7', 1, { $unset: { n: 1 } }),
    /p7 version 1 is the newest one, and not found/,
  ],
  ['another successor', change('p3', 1, { $inc: { u: 1 } }), /p3 version 1 is not superseded by/],
  ['a time that goes back', change('p3', 2, { $inc: { at: -1 } }), /p3 version 1 is younger/],
  ['another beginning', change('p3', 2, { $inc: { c: 1 } }), /p3 version 2 has another beginning/],
  [
    'another tenant',
    change('p3', 2, { $set: { t: 'delhi' } }),
    /p3 version 2 is of another tenant/,
  ],
  [
    'another text',
    change('p3', 2, body('{"resourceType":"Patient","id":"q"}')),
    /p3 version 2 has another id/,
  ],
  ['no JSON', change('p3', 1, body('{')), /p3 version 1 has another id/],
  [
    'values of a delete',
    change('p1', 3, { $set: { x: ['Patient.*'] } }),
    /p1 version 3 is a delete, and searches find it/,
  ],
  [
    'values of a superseded one',
    change('p3', 1, { $set: { x: ['Patient.*'] } }),
    /p3 version 1 is superseded, and searches find it/,
  ],
  [
    'a system that nobody knows of',
    db => db.collection('system').deleteMany({}),
    /has a code of a system that is not known/,
  ],
  [
    'values for ever',
    async () => {
      time += 48 * 3_600_000
    },
    /p3 version 1 was superseded long ago/,
  ],
  ['another place in order', change('p7', 1, { $inc: { k: 1 } }), /p7 has another place/],
  ...(['x', 'd', 'q', 'g', 'has', 'w', 'text'] as const).map((name): (typeof damages)[number] => [
    `no ${name}`,
    change('p7', 1, { $unset: { [name]: 1 } }),
    /pune Patient\/p7 lacks a value: /,
  ]),
  [
    'a value too much',
    change('p7', 1, { $push: { x: 'Patient.gender=secret' } }),
    /p7 has a value too much: Patient.gender$/m,
  ],
  ['a value twice', change('p7', 1, { $push: { x: 'Patient.*' } }), /p7 has a value twice/],
  [
    'a text that is not known',
    db => db.collection('term').deleteMany({}),
    /p7 has a text that is not found/,
  ],
  [
    'a unit that is not known',
    db => db.collection('unit').deleteMany({}),
    /p7 is in a unit that is not known/,
  ],
  [
    'an event of nobody',
    db => db.collection('outbox').updateOne({}, { $set: { 'event.version': 9 } }),
    /event \S+ tells of a version/,
  ],
]

test.each(damages)('%s is found', async (_, damage, expected) => {
  const url = newDatabase()
  const store = await openAt(url, now)
  const client = new MongoClient(url)
  try {
    const knowledge = await fillAll(store)
    await damage(client.db())
    const found = (await inspected(store, knowledge)).join('\n')
    expect(found).toMatch(expected)
    expect(found).not.toContain('secret')
  } finally {
    await client.close()
    await store.close()
    await dropDatabase(url)
  }
})

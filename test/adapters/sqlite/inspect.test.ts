/** What a damaged file looks like to whoever inspects it. */
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from '@jest/globals'
import { openSqlite } from '../../../adapters/sqlite/store.ts'
import { fillAll, inspected } from '../../contract/store/inspect.ts'
import { startApp } from '../../support/app.ts'
import { ownFolder } from '../../support/folder.ts'
import { put } from '../../support/make.ts'
import { runScript } from '../../support/process.ts'

const at = ownFolder('inspect')
const now = () => Date.UTC(2026, 0, 1)

const rid = (id: string) =>
  `(SELECT r.rid FROM resource r JOIN type t ON t.id = r.type WHERE t.tenant = 'pune' AND r.id = '${id}')`
const newest = (id: string) => `(SELECT seq FROM resource WHERE rid = ${rid(id)})`
const one = (table: string) =>
  `(SELECT min(rid) FROM ${table} WHERE until = 0 AND rid = ${rid('p7')})`

let files = 0

test.each([
  [
    'a body that is gone',
    `DELETE FROM body WHERE seq = ${newest('p7')}`,
    /p7 has no newest version/,
  ],
  [
    'a number twice',
    `UPDATE version SET number = 2 WHERE rid = ${rid('p3')}`,
    /p3 has versions that are not numbered/,
  ],
  [
    'a version that is gone',
    `DELETE FROM version WHERE rid = ${rid('p3')}`,
    /commit \d+ is no version of a resource/,
  ],
  [
    'another number',
    `UPDATE body SET number = 7 WHERE seq = ${newest('p3')}`,
    /p3 has versions that are not numbered/,
  ],
  [
    'a time that goes back',
    `UPDATE body SET at = at - 1 WHERE seq = ${newest('p3')}`,
    /p3 version 2 has a time before/,
  ],
  [
    'another text',
    `UPDATE body SET json = '{"resourceType":"Patient","id":"q"}' WHERE seq = ${newest('p3')}`,
    /p3 version 2 is stored with another id/,
  ],
  [
    'no JSON',
    `UPDATE body SET json = '{' WHERE seq = ${newest('p3')}`,
    /p3 version 2 is stored with another id/,
  ],
  [
    'a feed that goes on',
    `UPDATE feed SET until = 0 WHERE seq = (SELECT seq FROM version WHERE rid = ${rid('p3')})`,
    /p3 version 1 is not in the feed/,
  ],
  [
    'a feed of nothing',
    `INSERT INTO feed(type, seq, k, rid, until) SELECT type, 99999, k, rid, 1 FROM feed LIMIT 1`,
    /commit 99999 is in the feed/,
  ],
  [
    'another total',
    `UPDATE total SET count = count + 1`,
    /Patient has another number of resources/,
  ],
  [
    'an event of nobody',
    `UPDATE outbox SET event = json_set(event, '$.version', 9)`,
    /event \d+ tells of a version that is not there/,
  ],
  [
    'a text that cannot be found',
    `INSERT INTO part(part, rowid, text) SELECT 'delete', id, text FROM term LIMIT 1`,
    /term \d+ cannot be found/,
  ],
  [
    'another place in order',
    `UPDATE feed SET k = k + 1 WHERE seq = ${newest('p7')}`,
    /p7 has another place/,
  ],
  ['words that are gone', `DELETE FROM words WHERE rowid = ${rid('p7')}`, /p7 lacks a word/],
  [
    'words of a deleted one',
    `UPDATE wording SET until = 0 WHERE rid = ${rid('p1')}`,
    /p1 is found by a word/,
  ],
  [
    'words that never ended',
    `UPDATE wording SET until = 0 WHERE rid = ${rid('p4')}`,
    /p4 has text twice/,
  ],
  [
    'words that end before they begin',
    `UPDATE wording SET until = seq WHERE rid = ${rid('p1')}`,
    /p1 has text that ended/,
  ],
  [
    'another that it is about',
    `UPDATE token SET subject = 1 WHERE subject = 0 AND rid = ${rid('p7')}`,
    /p7 is told to be about another/,
  ],
  [
    'a row that ends before it begins',
    `UPDATE token SET since = 9, until = 9 WHERE rid = ${rid('p7')}`,
    /p7 has a row of token that ended/,
  ],
  [
    'a row that came back',
    `UPDATE string SET until = 0 WHERE rid = ${rid('p1')}`,
    /p1 has a row too much of string, of family/,
  ],
  ...['token', 'string', 'date', 'quantity', 'reference', 'uri', 'position', 'value'].map(
    (table): [string, string, RegExp] => [
      `no ${table}`,
      `DELETE FROM ${table} WHERE rid = ${one(table)}`,
      new RegExp(`p7 lacks a row of ${table}, of `),
    ],
  ),
  [
    'a row twice',
    `INSERT INTO uri SELECT param, uri, k, rid, 77, 0 FROM uri WHERE rid = ${rid('p7')}`,
    /p7 has a row twice of uri/,
  ],
])('%s is found', async (_, damage, expected) => {
  const file = at(`${++files}.db`)
  const store = await openSqlite({ file, now, threads: false })
  const knowledge = await fillAll(store)
  await store.close()
  const db = new DatabaseSync(file)
  db.exec(damage)
  db.close()
  const damaged = await openSqlite({ file, now })
  const found = await inspected(damaged, knowledge)
  await damaged.close()
  expect(found.join('\n')).toMatch(expected)
})

test('npm run check tells a line for each, and ends with 1', async () => {
  const folder = at('command')
  const app = await startApp({ DATA_DIR: folder, STORE_URL: '' })
  await put(app, { resourceType: 'Patient', id: 'p1', gender: 'male', birthDate: '2001-02-03' })
  await app.close()
  const db = new DatabaseSync(`${folder}/nidaan.db`)
  db.exec('DELETE FROM date')
  db.close()
  const check = runScript('check', [], { PORT: '0', DATA_DIR: folder })
  expect([await check.ended, check.output().trim().split('\n')]).toEqual([
    1,
    ['default Patient/p1 lacks a row of date, of birthdate', 'looked at 2 resources: 1 findings'],
  ])
})

import { expect, test } from '@jest/globals'
import { connect } from '../../../adapters/sqlite/connection.ts'
import { migrate } from '../../../adapters/sqlite/schema.ts'
import { openSqlite } from '../../../adapters/sqlite/store.ts'
import type { Predicate } from '../../../resources/search/query.ts'
import { change, found, idsOf, next, pune, query, write } from '../../contract/store/material.ts'
import { ownFolder } from '../../support/folder.ts'

const at = ownFolder('migrate')

test('a file of the second schema keeps versions and what they are found by', async () => {
  const file = at('second.db')
  const old = connect({ file, readOnly: false })
  migrate(old.db, file, 2)
  const body = (number: number) => `{"resourceType":"Patient","id":"a","n":${number}}`
  old.db.exec(`
    INSERT INTO type VALUES (1, 'pune', 'Patient');
    INSERT INTO param VALUES (1, 1, 'birthdate', ''), (2, 1, 'name', ''), (3, 1, 'link', ''), (4, 1, '~', '');
    INSERT INTO resource VALUES (1, 1, 'a'), (2, 1, 'b');
    INSERT INTO version VALUES (1, 1, 1, 0), (1, 3, 2, 1);
    INSERT INTO body VALUES (1, 1, 5, '${body(1)}'), (3, 1, 6, '${body(2)}');
    INSERT INTO feed VALUES (1, 1, 5, 1, 3), (1, 3, 5, 1, 0);
    INSERT INTO total VALUES (1, 1);
    INSERT INTO date VALUES (1, 7, 5, 1, 9, 0, 0);
    INSERT INTO date_of VALUES (1, 1, 7, 9, 0, 0);
    INSERT INTO string VALUES (2, 'asha', 5, 1, 'Asha', 0, 0);
    INSERT INTO string_of VALUES (1, 2, 'asha', 'Asha', 0, 0);
    INSERT INTO reference VALUES (3, 2, 5, 1, 0, 0), (4, 2, 5, 1, 0, 0);`)
  old.close()

  const store = await openSqlite({ file, now: () => 1000 })
  expect(await store.read(pune, 'Patient', 'a')).toMatchObject({ number: 2, seq: 3, json: body(2) })
  expect(await store.read(pune, 'Patient', 'a', 1)).toMatchObject({ number: 1, json: body(1) })
  expect(await store.read(pune, 'Patient', 'b')).toBeUndefined()
  const history = await store.history(pune, { type: 'Patient', id: 'a', count: 10 })
  expect(history.versions.map(({ number }) => number)).toEqual([2, 1])
  const each: Predicate[] = [
    { kind: 'date', param: 'birthdate', lowFrom: 7 },
    { kind: 'string', param: 'name', text: 'as', match: 'starts' },
    { kind: 'reference', param: 'link', targets: ['Patient/b'] },
  ]
  for (const where of [each, ...each.map(one => [one])])
    expect(await found(store, where)).toEqual(['a'])

  const b = change('b')
  await write(store, pune, b)
  await write(store, pune, next(b))
  expect(await store.read(pune, 'Patient', 'b', 1)).toMatchObject({ number: 1 })
  await store.close()
})

test('texts of a file that knew only what is said now are found as before', async () => {
  const file = at('third.db')
  const says = (content: string) => ({ extract: { ...change('').extract, content } })
  const before = await openSqlite({ file, now: () => 1000 })
  const [a, b] = [change('a', says('salt')), change('b')]
  await write(before, pune, a, b)
  const b2 = next(b)
  await write(before, pune, b2)
  await before.close()
  // As that program left them: what an update said stood in the place of what was said first.
  const { db, close } = connect({ file, readOnly: false })
  db.exec(`DROP TABLE reindexed; DROP TABLE wording; ALTER TABLE token DROP COLUMN subject; PRAGMA user_version = 3;
    INSERT INTO words(rowid, narrative, content) SELECT rid, '', 'salt' FROM resource WHERE id = 'b'`)
  close()

  const store = await openSqlite({ file, now: () => 1000 })
  const salt: Predicate[] = [{ kind: 'words', in: 'content', words: ['salt'] }]
  expect(await found(store, salt)).toEqual(['a', 'b'])
  const page = await store.search(pune, query({ where: salt, count: 1 }))
  const salty = says('salt')
  await write(store, pune, next({ ...b2, ...salty }, says('sugar')), next(a, says('sugar')))
  expect(await found(store, salt)).toEqual([])
  const rest = await store.search(pune, query({ where: salt, count: 1, after: page.next ?? '' }))
  expect(idsOf([...page.versions, ...rest.versions])).toEqual(['a', 'b'])
  await store.close()
})

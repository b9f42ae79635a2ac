import { expect, test } from '@jest/globals'
import { connect } from '../../../adapters/sqlite/connection.ts'
import { migrate } from '../../../adapters/sqlite/schema.ts'
import { openSqlite } from '../../../adapters/sqlite/store.ts'
import type { Predicate } from '../../../resources/search/query.ts'
import { change, found, next, pune, write } from '../../contract/store/material.ts'
import { ownFolder } from '../../support/folder.ts'

const at = ownFolder('migrate')

test('a file of the second schema keeps versions and what they are found by', async () => {
  const file = at('second.db')
  const old = connect({ file, readOnly: false, cache: 8 })
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

import { expect, test } from '@jest/globals'
import { connect } from '../../../adapters/sqlite/connection.ts'
import { searchIds } from '../../../adapters/sqlite/search.ts'
import { openSqlite } from '../../../adapters/sqlite/store.ts'
import {
  byCode,
  change,
  coded,
  deletion,
  found,
  pune,
  query,
  write,
} from '../../contract/store/material.ts'
import { ownFolder } from '../../support/folder.ts'

const at = ownFolder('stale')

test('a row that is left over shows nothing that is deleted', async () => {
  const file = at('stale.db')
  const first = await openSqlite({ file, now: () => 1000, threads: false })
  const a = change('a', { rows: [coded('1')] })
  await write(first, pune, a)
  await write(first, pune, change('b', { rows: [coded('1')] }))
  await write(first, pune, deletion(a))
  await first.close()

  const raw = connect({ file, readOnly: false })
  raw.db.exec("UPDATE token SET until = 0 WHERE code = '1'")
  expect(searchIds(raw, pune, query({ where: [byCode('1')] }))).toEqual(['b'])
  raw.close()

  const store = await openSqlite({ file, now: () => 2000 })
  expect(await found(store, [byCode('1')])).toEqual(['b'])
  await store.close()
})

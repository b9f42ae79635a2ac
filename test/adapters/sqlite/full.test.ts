import { expect, test } from '@jest/globals'
import { openSqlite } from '../../../adapters/sqlite/store.ts'
import {
  byCode,
  change,
  coded,
  found,
  pune,
  query,
  scanned,
  times,
  write,
} from '../../contract/store/material.ts'
import { ownFolder } from '../../support/folder.ts'

const at = ownFolder('full')
const body = JSON.stringify({ resourceType: 'Patient', text: 'x'.repeat(20_000) })

test.each([true, false])('a full disk loses nothing acknowledged (threads: %s)', async threads => {
  const options = { file: at(`${threads}.db`), threads, now: () => 1000 }
  const store = await openSqlite({ ...options, maxPages: 400 })
  const taken: string[] = []
  let refusal: unknown
  for (let n = 0; refusal === undefined && n < 1000; n++)
    await write(store, pune, change(`p${n}`, { json: body, rows: [coded(`${n}`)] })).then(
      () => taken.push(`p${n}`),
      error => {
        refusal = error
      },
    )
  expect(refusal).toMatchObject({
    name: 'FhirError',
    status: 507,
    message: expect.stringMatching(/disk is full: nothing was written/),
    headers: { 'Retry-After': '30' },
    outcome: { issue: [{ code: 'no-store' }] },
  })
  expect(taken.length).toBeGreaterThan(10)
  const many = await Promise.allSettled(
    times(10, n => write(store, pune, change(`more${n}`, { json: body }))),
  )
  for (const answer of many)
    expect(answer).toMatchObject({ status: 'rejected', reason: { status: 507 } })

  expect(await store.count(pune, query())).toBe(taken.length)
  expect(await store.totals(pune)).toEqual({ Patient: taken.length })
  expect((await scanned(store, pune, 'Patient')).map(({ id }) => id)).toEqual([...taken].sort())
  for (const id of taken) expect((await store.read(pune, 'Patient', id))?.json).toBe(body)
  await store.close()

  const roomy = await openSqlite(options)
  const [after] = await write(roomy, pune, change('after', { rows: [coded('after')] }))
  const last = await roomy.read(pune, 'Patient', taken.at(-1) ?? '')
  expect(after?.seq).toBeGreaterThan(last?.seq ?? Number.POSITIVE_INFINITY)
  expect(await found(roomy, [byCode('after')])).toEqual(['after'])
  expect(await roomy.count(pune, query())).toBe(taken.length + 1)
  await roomy.close()
})

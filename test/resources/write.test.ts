import { expect, test } from '@jest/globals'
import { CommitConflict } from '../../resources/store.ts'
import { retrying } from '../../resources/write.ts'

const lost = () => new CommitConflict('version', 'Patient/1')

test('what lost a race is tried again', async () => {
  let tries = 0
  const result = await retrying(async () => {
    if (++tries < 5) throw lost()
    return 'done'
  })
  expect([result, tries]).toEqual(['done', 5])
})

test('what loses each race answers 409 in the end, says what it is about and when to come back', async () => {
  let tries = 0
  const failing = retrying(async () => {
    tries++
    throw lost()
  })
  await expect(failing).rejects.toMatchObject({
    status: 409,
    headers: { 'Retry-After': '1' },
    message: expect.stringContaining('Patient/1'),
    cause: expect.any(CommitConflict),
  })
  expect(tries).toBe(8)
})

test('any other failure is not tried again', async () => {
  let tries = 0
  const failing = retrying(async () => {
    tries++
    throw new Error('disk')
  })
  await expect(failing).rejects.toThrow('disk')
  expect(tries).toBe(1)
})

import { describe, expect, test } from '@jest/globals'
import { patiently, type Reply, type Sending } from '../../../server/import/patience.ts'

describe('a server that takes no more', () => {
  const bundle: Sending = { resourceType: 'Bundle', type: 'batch', entry: ['a', 'b', 'c'] }
  const never = new AbortController().signal
  const answered = (...codes: number[]) => ({
    status: 200,
    body: { entry: codes.map(code => ({ response: { status: String(code) } })) },
  })
  const sending = (...answers: Reply[]) => {
    const asked: unknown[] = []
    const post = async (sent: Sending) => {
      asked.push(sent.entry)
      return answers[Math.min(asked.length, answers.length) - 1] as Reply
    }
    return { asked, send: patiently('there', post, 50) }
  }

  test('for some entries is sent these again', async () => {
    const { asked, send } = sending(answered(201, 503, 422), { ...answered(201), again: 0 })
    const { body } = await send(bundle, never)
    expect(asked).toEqual([['a', 'b', 'c'], ['b']])
    expect(body).toEqual(answered(201, 201, 422).body)
  })

  test.each<[string, Reply[]]>([
    ['there does not answer', [{ status: 'none' }]],
    ['there takes no more: 507', [{ status: 507, body: {} }]],
    ['there takes no more: 503', [answered(503, 503, 503)]],
  ])('for good is no reason to refuse lines: %s', async (words, answers) => {
    const { send } = sending(...answers)
    await expect(send(bundle, never)).rejects.toThrow(words)
  })

  test('because a line takes too long is one', async () => {
    const slow = { resourceType: 'OperationOutcome', issue: [{ code: 'timeout' }] }
    const { send } = sending({ status: 503, body: slow, again: 0.1 })
    expect(await send(bundle, never)).toMatchObject({
      status: 503,
    })
  })
})

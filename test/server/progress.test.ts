import { describe, expect, test } from '@jest/globals'
import { createProgress, describe as picture } from '../../server/progress.ts'

describe('progress', () => {
  const begun = { done: 0, part: 0, at: 0 }

  test('tells resources, speed and time left', () => {
    expect(picture(begun, { done: 500, part: 0.25, at: 2000 })).toBe(
      '██████░░░░░░░░░░░░░░░░░░ 25 %  500 resources, 250/s, 6 s left',
    )
    const unknown = { done: 500, part: undefined, at: 2000 }
    expect(picture(begun, unknown)).toBe('500 resources, 250/s')
    expect(picture(begun, { done: 2, part: 0.01, at: 2000 })).toMatch(/3 min 18 s left/)
  })

  test('is of this run and this file alone', () => {
    const resumed = { done: 8000, part: 0.5, at: 1000 }
    expect(picture(resumed, { done: 9000, part: 0.75, at: 2000 })).toMatch(
      /75 % {2}9000 resources, 1000\/s, 1 s left/,
    )
    const { shown, show, end, pass } = screen(100)
    show(0, 0)
    pass(10_000)
    show(10_000, 1)
    end()
    show(0, 0)
    pass(1000)
    show(50, 0.5)
    expect(shown()).toMatch(/50 % {2}50 resources, 50\/s, 1 s left/)
  })

  test.each([100, 60, 40, 20])('never wraps on a terminal of %i columns', columns => {
    const { shown, show, pass } = screen(columns)
    show(0, 0)
    pass(10_000)
    show(123_456, 0.125)
    expect(shown().length).toBeLessThan(columns)
    expect(shown()).toMatch(columns < 60 ? /^12 % {2}123456/ : /^[█░]+ 12 % {2}123456/)
  })
})

function screen(columns: number) {
  let last = ''
  let now = 0
  const write = (text: string) => {
    last = text
  }
  const out = { isTTY: true, columns, write }
  const { show, end } = createProgress(out as any, () => now)
  return {
    show,
    end,
    pass: (ms: number) => {
      now += ms
    },
    shown: () => last.slice(1, last.indexOf('\x1b')),
  }
}

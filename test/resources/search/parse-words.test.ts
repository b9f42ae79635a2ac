import { describe, expect, test } from '@jest/globals'
import { parseSearch } from '../../../resources/search/parse.ts'
import type { Predicate } from '../../../resources/search/query.ts'

const where = async (query: string): Promise<Predicate[]> => {
  const params = [...new URLSearchParams(query)] as [string, string][]
  const options = { strict: true, defaultCount: 20, maxCount: 100 }
  return (await parseSearch('Condition', params, options)).query.where
}

const words = (...words: string[]): Predicate => ({ kind: 'words', in: 'narrative', words })
const all = (...all: Predicate[]): Predicate => ({ kind: 'and', all })
const any = (...any: Predicate[]): Predicate => ({ kind: 'or', any })
const not = (not: Predicate): Predicate => ({ kind: 'not', not })
const [bone, liver, metastases] = [words('bone'), words('liver'), words('metastases')]

describe('_text and _content', () => {
  test.each<[string, Predicate]>([
    ['bone', bone],
    ['BONE', bone],
    ['bone liver', all(bone, liver)],
    ['bone AND liver', all(bone, liver)],
    ['"bone liver"', words('bone', 'liver')],
    ['"Bone-liver, metastases."', words('bone', 'liver', 'metastases')],
    ['bone-liver', words('bone', 'liver')],
    ['bone OR liver OR metastases', any(bone, liver, metastases)],
    ['bone,liver', any(bone, liver)],
    ['bone\\,liver', words('bone', 'liver')],
    ['(bone OR liver) and metastases', all(any(bone, liver), metastases)],
    ['bone or liver metastases', any(bone, all(liver, metastases))],
    ['NOT bone', not(bone)],
    ['liver NOT bone', all(liver, not(bone))],
    ['not bone', all(words('not'), bone)],
    ['liver AND NOT (bone OR metastases)', all(liver, not(any(bone, metastases)))],
    ['"AND"', words('and')],
    ['जाँच', words('जाँच')],
  ])('%s', async (text, predicate) => {
    expect(await where(`_text=${encodeURIComponent(text)}`)).toEqual([predicate])
  })

  test('_content is the same over all text', async () => {
    const content = { kind: 'words', in: 'content', words: ['bone'] }
    expect(await where('_content=bone')).toEqual([content])
  })

  test.each([
    '',
    ' ',
    'OR',
    'bone OR',
    'AND bone',
    '(bone',
    'bone)',
    '()',
    '"bone',
    '""',
    '"-"',
    '+',
    'NOT',
  ])('%s is refused', async text => {
    await expect(where(`_text=${encodeURIComponent(text)}`)).rejects.toThrow(
      expect.objectContaining({ status: 400, message: expect.stringMatching(/^_text /) }),
    )
  })

  test('parentheses may be 16 deep', async () => {
    const nested = (depth: number) => `_text=${'('.repeat(depth)}bone${')'.repeat(depth)}`
    expect(await where(nested(16))).toEqual([bone])
    await expect(where(nested(17))).rejects.toThrow(expect.objectContaining({ status: 422 }))
    await expect(where(`_text=${'NOT '.repeat(100_000)}bone`)).rejects.toThrow(
      expect.objectContaining({ status: 422 }),
    )
  })
})

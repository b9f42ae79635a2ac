import { describe, expect, test } from '@jest/globals'
import { createStructureValidator } from '../../profiles/structure.ts'
import { parseJson } from '../../resources/json.ts'
import type { Resource } from '../../resources/resource.ts'
import { definitions, examples, invalidExamples, readExample } from '../support/examples.ts'

const validator = createStructureValidator()
const issuesOf = (file: string): string[] =>
  validator
    .validate(parseJson(readExample(file)) as Resource)
    .map(({ expression, diagnostics }) => `${expression?.[0]}: ${diagnostics}`)

const invalid = new Set(Object.keys(invalidExamples))

test('there are 718 official examples beside the definitions', () => {
  expect(examples).toHaveLength(718)
})

test('every official example passes but those listed', () => {
  const refused = examples.filter(file => !invalid.has(file) && issuesOf(file).length > 0)
  expect(refused).toEqual([])
})

test('every definition that R4 is made of passes but those listed', () => {
  const refused = definitions.filter(file => !invalid.has(file) && issuesOf(file).length > 0)
  expect(refused).toEqual([])
  expect(definitions.length).toBeGreaterThan(4500)
})

describe('invalid as published:', () => {
  test.each(Object.entries(invalidExamples))('%s says %s', (file, reason) => {
    const issues = issuesOf(file)
    expect(issues.length).toBeGreaterThan(0)
    for (const each of issues) expect(each).toMatch(reason)
  })
})

import { describe, expect, test } from '@jest/globals'
import { parseJson } from '../../../resources/json.ts'
import type { Resource } from '../../../resources/resource.ts'
import { printStamped } from '../../../resources/write/stamp.ts'

const stamped = (text: string): string => {
  const { head, tail } = printStamped(parseJson(text) as Resource, '7', 3)
  return `${head}NOW${tail}`
}

const meta = '"meta":{"versionId":"3","lastUpdated":"NOW"}'

describe('a resource is printed with its id, version and a gap for the instant:', () => {
  test.each([
    [
      'without id and meta',
      '{"resourceType":"Patient","active":true}',
      `{"resourceType":"Patient","id":"7",${meta},"active":true}`,
    ],
    [
      'with an id',
      '{"resourceType":"Patient","active":true,"id":"x"}',
      `{"resourceType":"Patient","active":true,"id":"7",${meta}}`,
    ],
    [
      'with the id first',
      '{"id":"x","resourceType":"Patient"}',
      `{"id":"7",${meta},"resourceType":"Patient"}`,
    ],
    [
      'with a meta of its own',
      '{"resourceType":"Patient","meta":{"tag":[{"code":"t"}]},"active":true}',
      '{"resourceType":"Patient","id":"7","meta":{"versionId":"3","lastUpdated":"NOW","tag":[{"code":"t"}]},"active":true}',
    ],
    [
      'with meta before id',
      '{"meta":{"versionId":"1","lastUpdated":"then","source":"s"},"id":"x","resourceType":"Patient"}',
      '{"meta":{"versionId":"3","lastUpdated":"NOW","source":"s"},"id":"7","resourceType":"Patient"}',
    ],
    [
      'with meta first and no id',
      '{"meta":{},"resourceType":"Patient"}',
      `{${meta},"resourceType":"Patient","id":"7"}`,
    ],
    [
      'with nothing else',
      '{"resourceType":"Patient"}',
      `{"resourceType":"Patient","id":"7",${meta}}`,
    ],
    [
      'with decimals and keys to escape',
      '{"resourceType":"Basic","a\\"b":1.00}',
      `{"resourceType":"Basic","id":"7",${meta},"a\\"b":1.00}`,
    ],
  ])('%s', (_, before, after) => {
    expect(stamped(before)).toBe(after)
    expect(() => JSON.parse(stamped(before))).not.toThrow()
  })
})

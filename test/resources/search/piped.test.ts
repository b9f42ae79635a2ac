/** A system with a | in it, as where a version was put behind it by mistake, is a system like any other. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Resource } from '../../../resources/resource.ts'
import { openSearch, type Searchable } from '../../support/search.ts'

let store: Searchable
beforeAll(async () => {
  store = await openSearch()
  const observation = (id: string, more: object) =>
    store.put({
      resourceType: 'Observation',
      id,
      status: 'final',
      code: { coding: [{ system: 'http://a|b', code: 'c' }] },
      ...more,
    } as Resource)
  await observation('one', { valueQuantity: { value: 5, system: 'a|b', code: 'c' } })
  const component = (system: string, code: string) => ({
    code: { text: 'x' },
    valueQuantity: { value: 7, system, code },
  })
  await observation('two', { component: [component('a', 'b|c'), component('a|b', 'c')] })
})
afterAll(() => store.close())

test.each([
  ['code=c&value-quantity=5', ['one']],
  ['code=http://a\\|b|c&value-quantity=5', ['one']],
  ['code=http://a\\|b|&value-quantity=5', ['one']],
  ['code=http://a|b\\|c&value-quantity=5', []],
  ['code-value-quantity=c$5', ['one']],
  ['code-value-quantity=http://a\\|b|c$5', ['one']],
  ['code-value-quantity=http://a|b\\|c$5', []],
  ['code-value-quantity=b\\|c$5', []],
  ['value-quantity=5|a\\|b|c', ['one']],
  ['value-quantity=5|a|b\\|c', []],
  ['component-value-quantity=7|a|b\\|c', ['two']],
  ['component-value-quantity=7|a\\|b|c', ['two']],
])('%s', async (query, ids) => {
  const [path = '', ...more] = query.split('&')
  const asked = [path, ...more].map(part => {
    const cut = part.indexOf('=')
    return `${part.slice(0, cut)}=${encodeURIComponent(part.slice(cut + 1))}`
  })
  expect(await store.find('Observation', asked.join('&'))).toEqual(ids)
})

/** Only what can never find anything is a misfit. */
import { expect, test } from '@jest/globals'
import { resourceTypes, searchParameters } from '../../../resources/definitions.ts'
import { misfitOf } from '../../../resources/search/fitting.ts'

test('no parameter of R4 is one', () => {
  const all = [...resourceTypes()].flatMap(type =>
    searchParameters(type).map(facts => ({ type, facts })),
  )
  expect(all.length).toBeGreaterThan(1000)
  expect(all.filter(({ type, facts }) => misfitOf(facts, [type]))).toEqual([])
})

test.each([
  ['date', 'Observation.subject', ['reference', 'token']],
  ['date', 'Observation.status', ['string', 'token', 'uri']],
  ['quantity', 'Observation.status', ['string', 'token', 'uri']],
  ['reference', 'Observation.code', ['string', 'token']],
  ['number', 'Observation.effective.ofType(Period)', ['date']],
  ['uri', 'Observation.referenceRange.low', ['number', 'quantity', 'token']],
  ['string', 'Observation.text', []],
  ['token', 'Observation.component', []],
])('%s for %s is', (type, expression, fitting) => {
  expect(misfitOf({ code: 'x', type, expression }, ['Observation'])?.fitting).toEqual(fitting)
})

test.each([
  ['date', 'Observation.value'],
  ['date', 'Observation.effective.ofType(Timing)'],
  ['date', 'Observation.note.text'],
  ['token', "Observation.extension('http://example.org/a').value"],
  ['token', "Observation.extension('http://example.org/a')"],
  ['quantity', 'Observation.contained'],
  ['token', 'Observation.component.exists()'],
  ['quantity', 'Observation.note[0]'],
  ['composite', 'Observation'],
])('%s for %s is none', (type, expression) => {
  expect(misfitOf({ code: 'x', type, expression }, ['Observation'])).toBeUndefined()
})

test('where it fits on one of its types it is none', () => {
  const facts = { code: 'x', type: 'date', expression: 'Patient.birthDate | Group.type' }
  expect(misfitOf(facts, ['Patient', 'Group'])).toBeUndefined()
  expect(misfitOf(facts, ['Group'])?.datatypes).toEqual(['code'])
})

import { expect, test } from '@jest/globals'
import { parseSearch } from '../../../resources/search/parse.ts'

const whereOf = async (type: string, query: string) => {
  const options = { strict: true, defaultCount: 20, maxCount: 100 }
  return (await parseSearch(type, [...new URLSearchParams(query)], options)).query.where
}
const first = Date.UTC(1980, 0, 1)
const last = Date.UTC(1981, 0, 1)

test('two bounds on a date that is there once are one range', async () => {
  expect(await whereOf('Patient', 'birthdate=ge1980&active=true&birthdate=lt1981')).toEqual([
    { kind: 'date', param: 'birthdate', highFrom: first, lowTo: last - 1 },
    expect.objectContaining({ kind: 'token', param: 'active' }),
  ])
  expect(await whereOf('Observation', 'date=ge1980&date=lt1981&date=ge1979')).toEqual([
    { kind: 'date', param: 'date', highFrom: first, lowTo: last - 1 },
  ])
})

test.each([
  ['Patient', 'death-date=ge1980&birthdate=lt1981'],
  ['Specimen', 'collected=ne1980&collected=lt1981'],
  // A publication has many.
  ['Group', '_lastUpdated=ge1980&_lastUpdated=lt1981'],
  ['Claim', 'detail-udi:missing=true&created=lt1981'],
])('bounds on others are two: %s?%s', async (type, query) => {
  expect(await whereOf(type, query)).toHaveLength(2)
})

test('bounds on what may be there several times are met by several', async () => {
  // CareTeam.participant.period, and the like: an element that repeats.
  expect(await whereOf('Appointment', 'date=ge1980&date=lt1981')).toHaveLength(1)
  expect(await whereOf('ResearchStudy', 'date=ge1980&date=lt1981')).toHaveLength(1)
  expect(await whereOf('Goal', 'target-date=ge1980&target-date=lt1981')).toHaveLength(2)
})

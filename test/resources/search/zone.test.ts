import { describe, expect, test } from '@jest/globals'
import { instantRange } from '../../../resources/search/instant.ts'
import { isZone, utc, zoneOf } from '../../../resources/search/zone.ts'

const shown = (text: string, zone: string): string[] | undefined => {
  const range = instantRange(text, zoneOf(zone))
  return range && [range.low, range.high].map(at => new Date(at).toISOString())
}

describe('what has no zone is of the zone it is read in:', () => {
  test.each<[string, string, string, string]>([
    ['2024-05', 'Asia/Kolkata', '2024-04-30T18:30:00.000Z', '2024-05-31T18:29:59.999Z'],
    ['2024', 'Asia/Kolkata', '2023-12-31T18:30:00.000Z', '2024-12-31T18:29:59.999Z'],
    ['2024-02-29', 'Asia/Kolkata', '2024-02-28T18:30:00.000Z', '2024-02-29T18:29:59.999Z'],
    ['2024-05-01T10:00', 'Asia/Kolkata', '2024-05-01T04:30:00.000Z', '2024-05-01T04:30:59.999Z'],
    ['2024-05-01T10:00:05', 'Asia/Kolkata', '2024-05-01T04:30:05.000Z', '2024-05-01T04:30:05.999Z'],
    // A day of 23 hours, one of 25, and a month with one of them.
    ['2024-03-10', 'America/New_York', '2024-03-10T05:00:00.000Z', '2024-03-11T03:59:59.999Z'],
    ['2024-11-03', 'America/New_York', '2024-11-03T04:00:00.000Z', '2024-11-04T04:59:59.999Z'],
    ['2024-03', 'America/New_York', '2024-03-01T05:00:00.000Z', '2024-04-01T03:59:59.999Z'],
    // The clock never shows it, and shows it twice.
    [
      '2024-03-10T02:30',
      'America/New_York',
      '2024-03-10T07:30:00.000Z',
      '2024-03-10T07:30:59.999Z',
    ],
    [
      '2024-11-03T01:30',
      'America/New_York',
      '2024-11-03T05:30:00.000Z',
      '2024-11-03T05:30:59.999Z',
    ],
    // There the clocks are put forward at midnight: the day begins at one.
    ['2018-11-04', 'America/Sao_Paulo', '2018-11-04T03:00:00.000Z', '2018-11-05T01:59:59.999Z'],
    // Half an hour, and a day that was left out.
    ['2024-04-07', 'Australia/Lord_Howe', '2024-04-06T13:00:00.000Z', '2024-04-07T13:29:59.999Z'],
    ['2011-12-29', 'Pacific/Apia', '2011-12-29T10:00:00.000Z', '2011-12-30T09:59:59.999Z'],
    ['1900', 'Asia/Kolkata', '1899-12-31T18:38:50.000Z', '1900-12-31T18:38:49.999Z'],
    ['9999-12', 'Asia/Kolkata', '9999-11-30T18:30:00.000Z', '9999-12-31T18:29:59.999Z'],
  ])('%s in %s', (text, zone, low, high) => {
    expect(shown(text, zone)).toEqual([low, high])
  })

  test.each(['Asia/Kolkata', 'America/New_York', 'UTC'])('what has one is not: %s', zone => {
    for (const text of ['2024-05-01T10:00:00Z', '2024-05-01T15:30:00+05:30'])
      expect(shown(text, zone)?.[0]).toBe('2024-05-01T10:00:00.000Z')
  })
})

test('a name of UTC is UTC', () => {
  for (const name of ['UTC', 'Etc/UTC', 'GMT']) expect(zoneOf(name)).toBe(utc)
})

test('a zone has a name', () => {
  expect(['Asia/Kolkata', 'UTC', '+05:30'].map(isZone)).toEqual([true, true, true])
  expect(['', 'IST+', 'Asia/Puna', 'constructor'].map(isZone)).toEqual([false, false, false, false])
})

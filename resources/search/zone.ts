/** Dates without a zone, in the zone that the server is set to. */

/** From what a clock there shows, as if it were UTC (ms), to the instant. */
export type Zone = (clock: number) => number

export const utc: Zone = clock => clock

const most = 20_000

/**
 * The zone of an IANA name. What the clock shows twice is the earlier of both; what it never shows is as much later as
 * the clock is put forward: so that a day begins with its first instant.
 */
export function zoneOf(name: string): Zone {
  if (isUtc(name)) return utc
  // Days come again and again.
  const known = new Map<number, number>()
  return clock => {
    let instant = known.get(clock)
    if (instant === undefined) {
      instant = Temporal.Instant.fromEpochMilliseconds(clock)
        .toZonedDateTimeISO('UTC')
        .toPlainDateTime()
        .toZonedDateTime(name).epochMilliseconds
      if (known.size >= most) known.clear()
      known.set(clock, instant)
    }
    return instant
  }
}

const isUtc = (name: string): boolean => /^(?:UTC|Z|Etc\/UTC|GMT)$/i.test(name)

/** Whether dates can be read in it. */
export function isZone(name: string): boolean {
  try {
    new Temporal.ZonedDateTime(0n, name)
    return true
  } catch {
    return false
  }
}

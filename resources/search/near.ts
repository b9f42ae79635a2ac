/** https://hl7.org/fhir/R4/location.html#search: `latitude|longitude|distance|units`. */
import { invalid } from '../error.ts'
import { decimalText, isDecimal } from '../json.ts'
import { isObject } from '../resource.ts'
import { splitEscaped, unescaped } from './escape.ts'
import type { Predicate } from './query.ts'
import type { Asked, SearchType } from './type.ts'
import { canonicalOf } from './ucum.ts'

/** What is near where no distance is said is for us to say. */
const usual = { distance: '50', unit: 'km' }

const degrees = (value: unknown, most: number): number | undefined => {
  const size = isDecimal(value) ? Number(decimalText(value)) : NaN
  return Math.abs(size) <= most ? size : undefined
}

/** Of R4 only `near` is one with values; the other special parameter is a language of its own. */
export const special: SearchType = {
  collector: ({ facts, param }) =>
    facts.code === 'near'
      ? (value, rows) => {
          if (!isObject(value)) return
          const latitude = degrees(value.latitude, 90)
          const longitude = degrees(value.longitude, 180)
          if (latitude !== undefined && longitude !== undefined)
            rows.add({ kind: 'position', param, latitude, longitude })
        }
      : undefined,
  modifiers: { '': readNear },
  known: ['missing'],
}

function readNear(value: string, { param, name }: Asked): Predicate {
  const [north = '', east = '', distance = '', unit = '', more] = splitEscaped(value, '|').map(
    unescaped,
  )
  const number = /^[+-]?\d{1,9}(\.\d{1,20})?$/
  const [latitude, longitude] = [Number(north), Number(east)]
  if (
    more !== undefined ||
    !number.test(north) ||
    !number.test(east) ||
    Math.abs(latitude) > 90 ||
    Math.abs(longitude) > 180 ||
    (distance !== '' && (!number.test(distance) || Number(distance) < 0))
  )
    throw invalid(
      `${name} takes latitude|longitude|distance|unit in degrees, such as 18.52|73.85|10|km`,
    )
  const metre = canonicalOf((distance && unit) || usual.unit)
  if (metre?.unit !== 'm')
    throw invalid(`${name} takes its distance in a UCUM unit of length: km, m or [mi_us]`)
  return {
    kind: 'near',
    param,
    latitude,
    longitude,
    metres: Number(metre.of(distance || usual.distance)),
  }
}

/** Of the earth, metres; and of one degree. */
export const radius = 6_371_008.8
export const radians = Math.PI / 180

/** On a sphere of the earth's mean radius: within half a percent. Degrees. https://en.wikipedia.org/wiki/Haversine_formula */
export function metresBetween(
  a: { latitude: number; longitude: number },
  b: { latitude: number; longitude: number },
): number {
  const north = Math.sin(((b.latitude - a.latitude) * radians) / 2)
  const east = Math.sin(((b.longitude - a.longitude) * radians) / 2)
  const square =
    north * north + Math.cos(a.latitude * radians) * Math.cos(b.latitude * radians) * east * east
  return 2 * radius * Math.asin(Math.min(1, Math.sqrt(square)))
}

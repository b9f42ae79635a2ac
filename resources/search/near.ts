/** https://hl7.org/fhir/R4/location.html#search: `latitude|longitude|distance|units`. */
import { invalid } from '../error.ts'
import { decimalText, isDecimal } from '../json.ts'
import { isObject } from '../resource.ts'
import { splitEscaped, unescaped } from './escape.ts'
import type { Point, Predicate } from './query.ts'
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
  const parts = partsOf(value)
  const [north = '', east = '', distance = '', , more] = parts
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
  const metre = canonicalOf(unitOf(parts))
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

const partsOf = (value: string): string[] => splitEscaped(value, '|').map(unescaped)

const unitOf = ([, , distance, unit]: string[]): string => (distance && unit) || usual.unit

/** From where distances are told, and in what. */
export interface Near {
  /** Any of them. */
  points: Point[]
  unit: string
  /** Of one of the unit. */
  metres: number
}

/** What is asked for by a value; absent: by no point. */
export function nearOf(predicate: Predicate, value: string): Near | undefined {
  const any = predicate.kind === 'or' ? predicate.any : [predicate]
  const points = any
    .filter(each => each.kind === 'near')
    .map(({ latitude, longitude }) => ({ latitude, longitude }))
  if (points.length === 0) return undefined
  const unit = unitOf(partsOf(splitEscaped(value, ',')[0] ?? ''))
  return { points, unit, metres: Number(canonicalOf(unit)?.of('1')) }
}

/** Metres between the nearest of these; undefined: there are none. */
export function leastBetween(points: Point[], positions: Point[]): number | undefined {
  const all = points.flatMap(one => positions.map(other => metresBetween(one, other)))
  return all.length ? Math.min(...all) : undefined
}

/** Of the earth, metres; and of one degree. */
export const radius = 6_371_008.8
export const radians = Math.PI / 180

/** On a sphere of the earth's mean radius: within half a percent. Degrees. https://en.wikipedia.org/wiki/Haversine_formula */
export function metresBetween(a: Point, b: Point): number {
  const north = Math.sin(((b.latitude - a.latitude) * radians) / 2)
  const east = Math.sin(((b.longitude - a.longitude) * radians) / 2)
  const square =
    north * north + Math.cos(a.latitude * radians) * Math.cos(b.latitude * radians) * east * east
  return 2 * radius * Math.asin(Math.min(1, Math.sqrt(square)))
}

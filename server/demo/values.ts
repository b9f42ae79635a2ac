/** Values as they come together in a person: what is calculated from others is calculated. */
import { type Bounds, rangeOf, type Sex, type Test, testOf, type Visit } from './catalogue.ts'
import type { Random } from './random.ts'

interface Person {
  sex: Sex
  age: number
}

export interface Value {
  test: Test
  /** Rounded to the digits of the test; 1 for a positive coded result, 0 for a negative one. */
  value: number
}

type Known = (code: string) => number

const loinc = {
  haemoglobin: '718-7',
  red: '789-8',
  concentration: '786-4',
  volume: '787-2',
  haematocrit: '4544-3',
  creatinine: '2160-0',
  totalBilirubin: '1975-2',
  directBilirubin: '1968-7',
  albumin: '1751-7',
  globulin: '10834-0',
  cholesterol: '2093-3',
  triglycerides: '2571-8',
  hdl: '2085-9',
} as const

/** By LOINC code. Those a rule reads come before it in the catalogue. */
const calculated: Readonly<Record<string, (of: Known, person: Person) => number>> = {
  '4544-3': of => (of(loinc.haemoglobin) / of(loinc.concentration)) * 100,
  '789-8': of => (of(loinc.haematocrit) / of(loinc.volume)) * 10,
  '785-6': of => (of(loinc.haemoglobin) / of(loinc.red)) * 10,
  '770-8': of => 100 - of('736-9') - of('5905-5') - of('713-8') - of('706-2'),
  '1971-1': of => of(loinc.totalBilirubin) - of(loinc.directBilirubin),
  '2885-2': of => of(loinc.albumin) + of(loinc.globulin),
  '13458-5': of => of(loinc.triglycerides) / 5,
  '13457-7': of =>
    Math.max(10, of(loinc.cholesterol) - of(loinc.hdl) - of(loinc.triglycerides) / 5),
  '6301-6': of => of('5902-2') / 12.2,
  '98979-8': (of, person) => filtration(of(loinc.creatinine), person),
}

/** CKD-EPI 2021, mL/min for 1.73 m². https://www.nejm.org/doi/full/10.1056/NEJMoa2102953 */
function filtration(creatinine: number, { sex, age }: Person): number {
  const female = sex === 'female'
  const ratio = creatinine / (female ? 0.7 : 0.9)
  const low = Math.min(ratio, 1) ** (female ? -0.241 : -0.302)
  return 142 * low * Math.max(ratio, 1) ** -1.2 * 0.9938 ** age * (female ? 1.012 : 1)
}

/** The part of the total bilirubin that is direct, where the test is drawn by itself. */
const partOf: Readonly<Record<string, [whole: string, from: number, to: number]>> = {
  [loinc.directBilirubin]: [loinc.totalBilirubin, 0.15, 0.35],
}

/** Half of the width of the usual range, and where it is open a fifth of its bound. */
function usual([low, high]: Bounds): [mean: number, deviation: number] {
  if (low === null) return [(high ?? 0) * 0.8, (high ?? 0) * 0.16]
  if (high === null) return [low * 1.25, low * 0.2]
  return [(low + high) / 2, (high - low) / 4]
}

/** The values of these tests for a person who comes for `visit`. */
export function valuesOf(
  codes: readonly string[],
  person: Person,
  visit: Visit,
  random: Random,
): Value[] {
  const known = new Map<string, number>()
  const of: Known = code => known.get(code) ?? 0
  return codes.map(code => {
    const test = testOf(code)
    const drawn = test.coded
      ? Number(random.chance(visit.positive?.[code] ?? 0.02))
      : (calculated[code]?.(of, person) ?? draw(test, { of, person, visit, random }))
    const value = Number(Math.max(drawn, smallest(test)).toFixed(test.coded ? 0 : test.digits))
    known.set(code, value)
    return { test, value }
  })
}

/** Nothing measured is below what one step of the scale shows; counts may be none. */
const smallest = ({ digits, range }: Test): number => (range?.[0] === 0 ? 0 : 10 ** -digits)

function draw(
  test: Test,
  how: { of: Known; person: Person; visit: Visit; random: Random },
): number {
  const { of, person, visit, random } = how
  const part = partOf[test.code]
  if (part) return of(part[0]) * (part[1] + random.next() * (part[2] - part[1]))
  const range = rangeOf(test, person.sex) ?? [0, 1]
  const [mean, deviation] = visit.means?.[test.code] ?? usual(range)
  // What is far below a mean would be no value of a living person.
  return Math.max(mean * 0.25, random.normal(mean, deviation))
}

/** Units of UCUM as multiples of base units: a table by hand, of those that tests use. https://ucum.org */

export const ucum = 'http://unitsofmeasure.org'

interface Unit {
  unit: string
  toBase(value: number): number
  fromBase(value: number): number
}

const times = (unit: string, factor: number): Unit => ({
  unit,
  toBase: value => value * factor,
  fromBase: value => value / factor,
})

const known: Readonly<Record<string, Unit>> = Object.assign(Object.create(null), {
  g: times('g', 1),
  mg: times('g', 1e-3),
  ug: times('g', 1e-6),
  kg: times('g', 1e3),
  '[lb_av]': times('g', 453.59237),
  L: times('L', 1),
  mL: times('L', 1e-3),
  dL: times('L', 1e-1),
  'g/L': times('g/L', 1),
  'mg/dL': times('g/L', 1e-2),
  'g/dL': times('g/L', 10),
  'mg/L': times('g/L', 1e-3),
  'ug/mL': times('g/L', 1e-3),
  m: times('m', 1),
  cm: times('m', 1e-2),
  mm: times('m', 1e-3),
  '[in_i]': times('m', 0.0254),
  s: times('s', 1),
  min: times('s', 60),
  h: times('s', 3600),
  d: times('s', 86_400),
  '/min': times('/s', 1 / 60),
  K: times('K', 1),
  Cel: { unit: 'K', toBase: value => value + 273.15, fromBase: value => value - 273.15 },
  '[degF]': {
    unit: 'K',
    toBase: value => ((value + 459.67) * 5) / 9,
    fromBase: value => (value * 9) / 5 - 459.67,
  },
  'mm[Hg]': times('Pa', 133.322),
  Pa: times('Pa', 1),
  kPa: times('Pa', 1000),
  '%': times('1', 1e-2),
  '1': times('1', 1),
} satisfies Record<string, Unit>)

/** Absent: not of UCUM, or not in the table. */
export const canonicalOf = (system: string, code: string): Unit | undefined =>
  system === ucum ? known[code] : undefined

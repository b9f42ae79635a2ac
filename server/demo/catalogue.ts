/** What the laboratory offers: the tests, their ranges and tubes, as data and as R4's resources. */
import { readFileSync } from 'node:fs'
import type {
  ActivityDefinition,
  CodeableConcept,
  FhirResource,
  ObservationDefinition,
  ObservationDefinitionQualifiedInterval,
  PlanDefinition,
  Quantity,
  SpecimenDefinition,
} from 'fhir/r4'

export type Bounds = [low: number | null, high: number | null]
export type Sex = 'male' | 'female'

export interface Test {
  /** LOINC. */
  code: string
  name: string
  display?: string
  /** UCUM. */
  unit: string
  digits: number
  range?: Bounds
  male?: Bounds
  female?: Bounds
  critical?: Bounds
  /** Its result is positive or negative. */
  coded?: true
}

export interface Orderable {
  id: string
  code: string
  name: string
  display?: string
  tube: string
  device: string
  /** Promised time to the report. */
  hours: number
  /** INR */
  price: number
  tests: string[]
}

/** Why somebody comes: what is ordered, and how values then differ from the usual ones. */
export interface Visit {
  name: string
  weight: number
  orders: string[]
  sometimes: string[]
  means?: Record<string, [mean: number, deviation: number]>
  /** How likely a coded result is positive. */
  positive?: Record<string, number>
}

interface Tube {
  name: string
  type: [code: string, display: string]
  cap: string
  volume: number
}

interface Catalogue {
  tubes: Record<string, Tube>
  devices: Record<string, string>
  tests: Test[]
  orderables: Orderable[]
  visits: Visit[]
}

export const catalogue: Catalogue = JSON.parse(
  readFileSync(new URL('catalogue.json', import.meta.url), 'utf8'),
)

const tests = new Map(catalogue.tests.map(test => [test.code, test]))
const orderables = new Map(catalogue.orderables.map(orderable => [orderable.id, orderable]))

function found<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`the catalogue has no ${name}`)
  return value
}

export const testOf = (code: string): Test => found(tests.get(code), code)
export const orderableOf = (id: string): Orderable => found(orderables.get(id), id)
export const tubeOf = (name: string): Tube => found(catalogue.tubes[name], name)

export const rangeOf = (test: Test, sex: Sex): Bounds | undefined => test[sex] ?? test.range

export const lab = 'https://sahyadri-lab.example.org'
export const snomed = 'http://snomed.info/sct'
const ucum = 'http://unitsofmeasure.org'

export const concept = (
  system: string,
  { code, display, text }: { code: string; display?: string | undefined; text?: string },
): CodeableConcept => ({
  coding: [{ system, code, ...(display ? { display } : {}) }],
  ...(text ? { text } : {}),
})

export const loinc = ({ code, display, name }: Test | Orderable): CodeableConcept =>
  concept('http://loinc.org', { code, display, text: name })

/** A number with exactly these digits after the point: 12.0 stays 12.0. */
const decimal = (value: number, digits: number): number =>
  JSON.rawJSON(value.toFixed(digits)) as unknown as number

export const quantity = (value: number, { unit, digits }: Test): Quantity => ({
  value: decimal(value, digits),
  unit: unit.replace(/^10\*(\d)\/uL$/, '10^$1/µL').replace(/[[\]{}]/g, ''),
  system: ucum,
  code: unit,
})

export const boundsOf = ([low, high]: Bounds, test: Test): { low?: Quantity; high?: Quantity } => ({
  ...(low === null ? {} : { low: quantity(low, test) }),
  ...(high === null ? {} : { high: quantity(high, test) }),
})

/** The catalogue as resources: definitions of specimens, observations, tests and panels. */
export const catalogueResources = (): FhirResource[] => [
  ...Object.entries(catalogue.tubes).map(specimenDefinition),
  ...catalogue.tests.map(observationDefinition),
  ...catalogue.orderables.map(activityDefinition),
  ...catalogue.orderables.filter(({ tests }) => tests.length > 1).map(planDefinition),
]

const specimenDefinition = ([id, tube]: [string, Tube]): SpecimenDefinition => ({
  resourceType: 'SpecimenDefinition',
  id: `tube-${id}`,
  identifier: { system: `${lab}/tubes`, value: id },
  typeCollected: concept(snomed, { code: tube.type[0], display: tube.type[1], text: tube.name }),
  typeTested: [
    {
      preference: 'preferred',
      container: {
        description: tube.name,
        cap: { text: tube.cap },
        minimumVolumeQuantity: {
          value: decimal(tube.volume, 1),
          unit: 'mL',
          system: ucum,
          code: 'mL',
        },
      },
    },
  ],
})

function observationDefinition(test: Test): ObservationDefinition {
  const intervals = (['male', 'female'] as const).flatMap(sex => {
    const bounds = test[sex]
    return bounds ? [interval('reference', bounds, test, sex)] : []
  })
  if (test.range) intervals.push(interval('reference', test.range, test))
  if (test.critical) intervals.push(interval('critical', test.critical, test))
  return {
    resourceType: 'ObservationDefinition',
    id: `test-${test.code}`,
    code: loinc(test),
    identifier: [{ system: `${lab}/tests`, value: test.code }],
    permittedDataType: [test.coded ? 'CodeableConcept' : 'Quantity'],
    ...(test.coded
      ? {}
      : {
          quantitativeDetails: {
            unit: concept(ucum, { code: test.unit }),
            decimalPrecision: test.digits,
          },
        }),
    ...(intervals.length ? { qualifiedInterval: intervals } : {}),
  }
}

const interval = (
  category: 'reference' | 'critical',
  bounds: Bounds,
  test: Test,
  gender?: Sex,
): ObservationDefinitionQualifiedInterval => ({
  category,
  range: boundsOf(bounds, test),
  ...(gender ? { gender } : {}),
})

const activityUrl = (id: string): string => `${lab}/ActivityDefinition/${id}`

const activityDefinition = (orderable: Orderable): ActivityDefinition => ({
  resourceType: 'ActivityDefinition',
  id: orderable.id,
  url: activityUrl(orderable.id),
  identifier: [{ system: `${lab}/catalogue`, value: orderable.id }],
  title: orderable.name,
  status: 'active',
  experimental: true,
  description: `Report within ${orderable.hours} hours. Price: ${orderable.price} INR`,
  kind: 'ServiceRequest',
  code: loinc(orderable),
  specimenRequirement: [{ reference: `SpecimenDefinition/tube-${orderable.tube}` }],
  observationResultRequirement: orderable.tests.map(code => ({
    reference: `ObservationDefinition/test-${code}`,
  })),
})

const planDefinition = ({ id, name, tests: codes }: Orderable): PlanDefinition => ({
  resourceType: 'PlanDefinition',
  id: `panel-${id}`,
  url: `${lab}/PlanDefinition/panel-${id}`,
  title: name,
  type: {
    coding: [
      { system: 'http://terminology.hl7.org/CodeSystem/plan-definition-type', code: 'order-set' },
    ],
  },
  status: 'active',
  experimental: true,
  action: [
    {
      title: name,
      definitionCanonical: activityUrl(id),
      action: codes.map(code => ({ title: testOf(code).name })),
    },
  ],
})

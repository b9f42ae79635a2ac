/** Results and the report of one order line, as far as they have come. */
import type {
  CodeableConcept,
  DiagnosticReport,
  FhirResource,
  Observation,
  ObservationReferenceRange,
} from 'fhir/r4'
import {
  type Bounds,
  boundsOf,
  concept,
  lab,
  loinc,
  type Orderable,
  quantity,
  rangeOf,
  type Sex,
  snomed,
  type Test,
} from './catalogue.ts'
import { reference, those } from './laboratory.ts'
import { instant, type Order, type Tubed } from './order.ts'
import type { Value } from './values.ts'

interface Line {
  orderable: Orderable
  values: readonly Value[]
  sex: Sex
}

/** Nothing before the tube is in the laboratory; then a registered report; then results, at last verified ones. */
export function reportOf(order: Order, tubed: Tubed, line: Line): FhirResource[] {
  const { steps, spoilt } = tubed
  const { until } = order.day
  if (order.cancelled || spoilt || steps.received > until) return []
  const entered = steps.entered <= until
  const final = steps.verified <= until
  const { tests } = line.orderable
  const values = entered ? line.values.filter(({ test }) => tests.includes(test.code)) : []
  const results = values.map(value => observation(order, tubed, { value, line, final }))
  return [...results, report(order, tubed, { line, values, final })]
}

const idOf = (order: Order, part: string): string => `pune-${order.number}-${part}`

const about = (order: Order, { tube }: Tubed, { orderable }: Line) => ({
  basedOn: [{ reference: `ServiceRequest/${idOf(order, orderable.id)}` }],
  subject: {
    reference: `Patient/${order.patient.id}`,
    display: order.patient.name?.[0]?.text ?? '',
  },
  specimen: { reference: `Specimen/${idOf(order, tube)}` },
})

const signer = ({ number }: Order) => {
  const pathologists = those('pathologist')
  return pathologists[number % pathologists.length]
}

const laboratoryCategory = concept('http://terminology.hl7.org/CodeSystem/observation-category', {
  code: 'laboratory',
  display: 'Laboratory',
})

function observation(
  order: Order,
  tubed: Tubed,
  { value: one, line, final }: { value: Value; line: Line; final: boolean },
): Observation {
  const { test, value } = one
  const { day, number } = order
  const { steps } = tubed
  const technicians = those('technician')
  const technician = technicians[number % technicians.length]
  const range = rangeOf(test, line.sex)
  return {
    resourceType: 'Observation',
    id: idOf(order, test.code),
    ...about(order, tubed, line),
    status: final ? 'final' : 'preliminary',
    category: [laboratoryCategory],
    code: loinc(test),
    effectiveDateTime: instant(day, steps.collected),
    issued: instant(day, final ? steps.verified : steps.entered),
    performer: [
      ...(technician ? [reference(technician)] : []),
      { reference: 'Organization/sahyadri', display: 'Sahyadri Diagnostics' },
    ],
    ...(test.coded
      ? { valueCodeableConcept: presence(value), interpretation: [flag(value ? 'POS' : 'NEG')] }
      : {
          valueQuantity: quantity(value, test),
          interpretation: [flag(flagOf(value, test, range))],
        }),
    ...(range ? { referenceRange: [referenceRange(range, test, line.sex)] } : {}),
    device: { reference: `Device/analyser-${line.orderable.device}` },
  }
}

const presence = (value: number): CodeableConcept =>
  value
    ? concept(snomed, { code: '10828004', display: 'Positive' })
    : concept(snomed, { code: '260385009', display: 'Negative' })

const flags = {
  N: 'Normal',
  L: 'Low',
  H: 'High',
  LL: 'Critical low',
  HH: 'Critical high',
  POS: 'Positive',
  NEG: 'Negative',
} as const

const flag = (code: keyof typeof flags): CodeableConcept =>
  concept('http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation', {
    code,
    display: flags[code],
  })

function flagOf(value: number, { critical }: Test, range: Bounds | undefined): keyof typeof flags {
  const below = (bounds: Bounds | undefined) => bounds?.[0] != null && value < bounds[0]
  const above = (bounds: Bounds | undefined) => bounds?.[1] != null && value > bounds[1]
  if (below(critical)) return 'LL'
  if (above(critical)) return 'HH'
  return below(range) ? 'L' : above(range) ? 'H' : 'N'
}

const sexes = {
  male: { code: '248153007', display: 'Male' },
  female: { code: '248152002', display: 'Female' },
} as const

function referenceRange(range: Bounds, test: Test, sex: Sex): ObservationReferenceRange {
  const [low, high] = range
  const digits = (value: number) => value.toFixed(test.digits)
  const text =
    low === null
      ? `up to ${digits(high ?? 0)}`
      : high === null
        ? `${digits(low)} and above`
        : `${digits(low)} to ${digits(high)}`
  return {
    ...boundsOf(range, test),
    ...(test[sex] ? { appliesTo: [concept(snomed, sexes[sex])] } : {}),
    text: `${text} ${test.unit}`,
  }
}

function report(
  order: Order,
  tubed: Tubed,
  { line, values, final }: { line: Line; values: readonly Value[]; final: boolean },
): DiagnosticReport {
  const { orderable, sex } = line
  const { specimen, ...subject } = about(order, tubed, line)
  const { day } = order
  const { steps } = tubed
  const pathologist = signer(order)
  const status = final ? 'final' : values.length ? 'preliminary' : 'registered'
  return {
    resourceType: 'DiagnosticReport',
    id: idOf(order, orderable.id),
    identifier: [
      {
        system: `${lab}/reports`,
        value: `${day.date.replaceAll('-', '')}-${order.number}-${orderable.id}`,
      },
    ],
    ...subject,
    status,
    category: [
      concept('http://terminology.hl7.org/CodeSystem/v2-0074', {
        code: 'LAB',
        display: 'Laboratory',
      }),
    ],
    code: loinc(orderable),
    effectiveDateTime: instant(day, steps.collected),
    ...(values.length ? { issued: instant(day, final ? steps.verified : steps.entered) } : {}),
    performer: [{ reference: 'Organization/sahyadri', display: 'Sahyadri Diagnostics' }],
    ...(final && pathologist ? { resultsInterpreter: [reference(pathologist)] } : {}),
    specimen: [specimen],
    ...(values.length
      ? {
          result: values.map(({ test }) => ({
            reference: `Observation/${idOf(order, test.code)}`,
          })),
        }
      : {}),
    ...(final ? { conclusion: conclusionOf(values, sex) } : {}),
  }
}

/** In words, what is out of range. */
function conclusionOf(values: readonly Value[], sex: Sex): string {
  const words = { L: 'low', H: 'high', LL: 'critically low', HH: 'critically high', N: '' }
  const told = values.flatMap(({ test, value }) => {
    if (test.coded) return value ? [`${test.name} positive`] : []
    const said = words[flagOf(value, test, rangeOf(test, sex)) as keyof typeof words]
    return said ? [`${test.name} ${said}`] : []
  })
  return told.length ? `${told.join(', ')}.` : 'Within the reference ranges.'
}

/** One patient's visit as resources, as far as it has come when the day is looked at. */
import type { FhirResource, ServiceRequest, Specimen, Task } from 'fhir/r4'
import { concept, lab, loinc, type Orderable, snomed, tubeOf } from './catalogue.ts'
import { reference, those } from './laboratory.ts'
import {
  type Day,
  happened,
  instant,
  isDone,
  type Order,
  orderOf,
  type Steps,
  type Tubed,
} from './order.ts'
import { patientOf } from './people.ts'
import { createRandom } from './random.ts'
import { reportOf } from './report.ts'
import { valuesOf } from './values.ts'

/** The patient and all that the visit has brought so far. The same number and seed give the same. */
export function visitOf(number: number, day: Day): FhirResource[] {
  const random = createRandom(`${day.seed}/${number}`)
  const patient = patientOf(random, number, day.date)
  const order = orderOf(random, { number, patient, day })
  // Known from before, and still to come.
  if (order.ordered > day.until) return [patient]
  const person = {
    sex: patient.gender === 'male' ? ('male' as const) : ('female' as const),
    age: Number(day.date.slice(0, 4)) - Number(patient.birthDate?.slice(0, 4)),
  }
  const codes = order.tubes.flatMap(({ orders }) => orders.flatMap(({ tests }) => tests))
  const values = valuesOf(codes, person, order.visit, random)
  return [
    patient,
    header(order),
    ...order.tubes.flatMap(tubed => [
      ...tubed.orders.map(orderable => request(order, tubed, orderable)),
      ...specimens(order, tubed),
      ...tubed.orders.flatMap(orderable =>
        reportOf(order, tubed, { orderable, values, sex: person.sex }),
      ),
    ]),
  ]
}

const requisition = ({ number, day }: Order) => ({
  system: `${lab}/requisitions`,
  value: `${day.date.replaceAll('-', '')}-${String(number).padStart(4, '0')}`,
})

const forPatient = ({ patient }: Order) => ({
  reference: `Patient/${patient.id}`,
  display: patient.name?.[0]?.text ?? '',
})

const authored = (order: Order): string => instant(order.day, order.ordered)

/** The order as a whole: its state is that of its tubes together. */
function header(order: Order): Task {
  const { number, tubes, cancelled, doctor, day } = order
  const begun = tubes.some(({ steps }) => happened(order, steps.received))
  const status = cancelled
    ? 'cancelled'
    : tubes.every(tubed => isDone(order, tubed))
      ? 'completed'
      : begun
        ? 'in-progress'
        : 'accepted'
  const times = tubes.flatMap(({ steps }) => Object.values(steps))
  const last = Math.max(...times.filter(minute => happened(order, minute)), 0)
  return {
    resourceType: 'Task',
    id: `pune-${number}`,
    groupIdentifier: requisition(order),
    basedOn: tubes.flatMap(({ orders }) =>
      orders.map(({ id }) => ({ reference: `ServiceRequest/pune-${number}-${id}` })),
    ),
    status,
    intent: 'order',
    code: concept('http://hl7.org/fhir/CodeSystem/task-code', { code: 'fulfill' }),
    for: forPatient(order),
    authoredOn: authored(order),
    lastModified: last > 0 ? instant(day, last) : authored(order),
    requester: doctor,
    owner: { reference: 'Organization/sahyadri', display: 'Sahyadri Diagnostics' },
  }
}

const request = (order: Order, tubed: Tubed, orderable: Orderable): ServiceRequest => ({
  resourceType: 'ServiceRequest',
  id: `pune-${order.number}-${orderable.id}`,
  instantiatesCanonical: [`${lab}/ActivityDefinition/${orderable.id}`],
  requisition: requisition(order),
  status: order.cancelled ? 'revoked' : isDone(order, tubed) ? 'completed' : 'active',
  intent: 'order',
  category: [concept(snomed, { code: '108252007', display: 'Laboratory procedure' })],
  priority: order.visit.name === 'fever' ? 'urgent' : 'routine',
  code: loinc(orderable),
  subject: forPatient(order),
  authoredOn: authored(order),
  requester: order.doctor,
  performer: [{ reference: 'Organization/sahyadri', display: 'Sahyadri Diagnostics' }],
})

/** The tube once it is drawn; one that is spoilt, with the task to draw it again. */
function specimens(order: Order, { tube, orders, steps, spoilt }: Tubed): FhirResource[] {
  if (!happened(order, steps.collected)) return []
  const { number, day } = order
  const received = happened(order, steps.received)
  const [code, display] = tubeOf(tube).type
  const collector = those('phlebotomist')[number % those('phlebotomist').length]
  const specimen: Specimen = {
    resourceType: 'Specimen',
    id: `pune-${number}-${tube}`,
    accessionIdentifier: {
      system: `${lab}/accessions`,
      value: `${day.date.slice(2).replaceAll('-', '')}${String(number).padStart(4, '0')}-${tube.slice(0, 1).toUpperCase()}`,
    },
    status: spoilt && received ? 'unsatisfactory' : 'available',
    type: concept(snomed, { code, display, text: tubeOf(tube).name }),
    subject: forPatient(order),
    ...(received ? { receivedTime: instant(day, steps.received) } : {}),
    request: orders.map(({ id }) => ({ reference: `ServiceRequest/pune-${number}-${id}` })),
    collection: {
      ...(collector ? { collector: reference(collector) } : {}),
      collectedDateTime: instant(day, steps.collected),
    },
    ...(spoilt && received ? { note: [{ text: 'Haemolysed: to be drawn again' }] } : {}),
  }
  return spoilt && received ? [specimen, again(order, tube, steps)] : [specimen]
}

const again = (order: Order, tube: string, { received }: Steps): Task => ({
  resourceType: 'Task',
  id: `pune-${order.number}-${tube}-again`,
  groupIdentifier: requisition(order),
  status: 'requested',
  intent: 'order',
  code: { text: 'Collect again' },
  focus: { reference: `Specimen/pune-${order.number}-${tube}` },
  for: forPatient(order),
  authoredOn: instant(order.day, received),
  owner: { reference: 'Organization/sahyadri', display: 'Sahyadri Diagnostics' },
  reasonCode: { text: 'The specimen is haemolysed' },
})

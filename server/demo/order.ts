/** An order and its way through the day: what is in which tube, and when each step happens. */
import type { Patient } from 'fhir/r4'
import { catalogue, type Orderable, orderableOf, type Visit } from './catalogue.ts'
import { reference, those } from './laboratory.ts'
import type { Random } from './random.ts'

/** The day, and the minute of it (from midnight in Pune) up to which everything has happened. */
export interface Day {
  date: string
  until: number
  seed: number
}

/** An instant of the day by its minute. */
export const instant = ({ date }: Pick<Day, 'date'>, minute: number): string => {
  const two = (value: number) => String(value).padStart(2, '0')
  return `${date}T${two(Math.floor(minute / 60))}:${two(minute % 60)}:00+05:30`
}

/** When each step of one tube happens, in minutes of the day. */
export interface Steps {
  collected: number
  received: number
  entered: number
  verified: number
}

export interface Tubed {
  tube: string
  orders: Orderable[]
  steps: Steps
  /** It cannot be examined and is asked for again. */
  spoilt: boolean
}

export interface Order {
  day: Day
  number: number
  patient: Patient
  visit: Visit
  doctor: ReturnType<typeof reference>
  /** Minute of the day. */
  ordered: number
  /** Called off before anything was taken. */
  cancelled: boolean
  tubes: Tubed[]
}

const opens = 7 * 60
const lastOrder = 17 * 60

/** What is ordered for the patient, and when each step happens. */
export function orderOf(random: Random, who: Pick<Order, 'number' | 'patient' | 'day'>): Order {
  const visit = random.weighed(catalogue.visits)
  const wanted = [...visit.orders, ...visit.sometimes.filter(() => random.chance(0.35))]
  const ordered = random.whole(opens, lastOrder)
  const collected = ordered + random.whole(8, 25)
  const cancelled = random.chance(0.03)
  const doctor = reference(random.pick(those('doctor')))
  const byTube = Map.groupBy(wanted.map(orderableOf), ({ tube }) => tube)
  const tubes = [...byTube].map(([tube, orders]): Tubed => {
    const received = collected + random.whole(6, 30)
    const entered = received + random.whole(35, 60 * Math.max(...orders.map(({ hours }) => hours)))
    const verified = entered + random.whole(5, 40)
    return {
      tube,
      orders,
      steps: { collected, received, entered, verified },
      spoilt: random.chance(0.02),
    }
  })
  return { ...who, visit, doctor, ordered, cancelled, tubes }
}

export const happened = (order: Order, minute: number): boolean =>
  !order.cancelled && minute <= order.day.until

export const isDone = (order: Order, { steps, spoilt }: Tubed): boolean =>
  !spoilt && happened(order, steps.verified)

/** The day as lines to be loaded: the laboratory first, then a transaction for each patient. */
import type { FhirResource } from 'fhir/r4'
import { printJson } from '../../resources/json.ts'
import type { Line } from '../import/lines.ts'
import { laboratory } from './laboratory.ts'
import type { Day } from './order.ts'
import { visitOf } from './visit.ts'

/** Every id is made from the number of the patient, so that a second run changes nothing. */
export async function* dayLines(patients: number, day: Day): AsyncGenerator<Line> {
  yield { number: 1, text: transaction(laboratory()) }
  for (let number = 1; number <= patients; number++)
    yield { number: number + 1, text: transaction(visitOf(number, day)) }
}

const transaction = (resources: FhirResource[]): string =>
  printJson({
    resourceType: 'Bundle',
    type: 'transaction',
    entry: resources.map(resource => ({
      resource,
      request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
    })),
  })

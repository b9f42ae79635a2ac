/** How far away what is found is. https://hl7.org/fhir/R4/extension-location-distance.html */
import type { Extension } from 'fhir/r4'
import { parseStored } from '../../resources/json.ts'
import type { Resource } from '../../resources/resource.ts'
import { leastBetween, type Near } from '../../resources/search/near.ts'
import { ucum } from '../../resources/search/ucum.ts'
import { extract } from '../../resources/search.ts'

const url = 'http://hl7.org/fhir/StructureDefinition/location-distance'

/** What `search` of an entry says of it. */
export function distanceTo(
  json: string,
  { points, unit, metres }: Near,
): { extension?: Extension[] } {
  const { rows } = extract(parseStored(json) as Resource)
  const apart = leastBetween(
    points,
    rows.filter(row => row.kind === 'position'),
  )
  if (apart === undefined) return {}
  // To about a metre.
  const digits = Math.max(0, Math.ceil(Math.log10(metres)))
  const value = Number((apart / metres).toFixed(digits))
  return { extension: [{ url, valueDistance: { value, unit, system: ucum, code: unit } }] }
}

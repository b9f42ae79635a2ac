/** https://hl7.org/fhir/R4/search.html#sort */
import { invalid, unsupported } from '../../error.ts'
import { mainDateOf } from '../../search.ts'
import type { SearchOptions } from '../parse.ts'
import type { Sort } from '../query.ts'

export function readSort(
  value: string,
  types: string[] | undefined,
  _options: SearchOptions,
): Sort[] {
  const type = types?.[0]
  const descending = value.startsWith('-')
  const name = descending ? value.slice(1) : value
  if (name === '_lastUpdated') return [{ by: 'updated', descending }]
  if (type && name === mainDateOf(type)) return [{ by: 'date', descending }]
  if (name === '') throw invalid('_sort is empty')
  throw unsupported(
    `_sort takes ${type && mainDateOf(type) ? `${mainDateOf(type)} or ` : ''}_lastUpdated here, with - before it for the newest first`,
  )
}

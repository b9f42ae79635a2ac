/** Parts of the server alone, µs for one Synthea resource. */
import { createStructureValidator } from '../profiles/structure.ts'
import { parseJson, printJson } from '../resources/json.ts'
import type { Resource } from '../resources/resource.ts'
import { extract } from '../resources/search.ts'
import type { Data } from './data.ts'
import { median, type Row } from './row.ts'

/** Rounds over all resources; the first of them warm up. */
const rounds = 7

export function micro({ resources }: Data): Row[] {
  const texts = resources.map(resource => JSON.stringify(resource))
  const parsed = texts.map(text => parseJson(text) as Resource)
  const validator = createStructureValidator()
  const each = (what: string, work: (index: number) => unknown, note = ''): Row => {
    const times = Array.from({ length: rounds }, () => {
      const started = performance.now()
      for (let index = 0; index < texts.length; index++) work(index)
      return ((performance.now() - started) / texts.length) * 1000
    })
    return { what, unit: 'µs', value: median(times.slice(2)), note }
  }
  const text = (index: number) => texts[index] ?? ''
  const resource = (index: number) => parsed[index] ?? { resourceType: '' }
  return [
    each('JSON.parse', n => JSON.parse(text(n)), 'loses digits; the baseline'),
    each('parse', n => parseJson(text(n)), 'keeps digits, refuses what is ambiguous'),
    each('print', n => printJson(resource(n))),
    each('check the structure', n => validator.validate(resource(n))),
    each('extract search rows', n => extract(resource(n))),
    each('extract them and the texts', n => extract(resource(n)).content),
  ]
}

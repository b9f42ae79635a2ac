/** Of the hits between two dates the index tells all but those at the two ends. See dated.ts. */
import type { Document } from 'mongodb'
import { longest } from '../../../resources/search/long.ts'
import { mainDateOf } from '../../../resources/search.ts'
import { byEntry } from '../collections.ts'
import { together } from '../source.ts'
import { undatedOf } from '../values.ts'
import type { MainDate } from './dated.ts'
import { hidden } from './filter.ts'
import type { Plan } from './plan.ts'
import { count, roughly, type Scope } from './scope.ts'

/** Absent: it is not dates alone that are asked beside entries, or there are fewer than so many. */
export async function countDated(
  { driver, rest }: Plan,
  scope: Scope,
  few: number,
): Promise<number | undefined> {
  const main = mainDateOf(scope.types[0] ?? '')
  const dates = rest.filter(
    (node): node is MainDate => node.kind === 'date' && node.param === main && !node.first,
  )
  if (driver?.in !== 'x' || !driver.when || dates.length < rest.length) return undefined
  const [{ k, apart }, sure] = [driver.when, surely(dates)]
  if (!sure) return undefined
  const t = scope.tenant
  const size = (within: Scope, filter: Document) =>
    count(within, { t, ...filter }, { hint: byEntry })
  const entries = { $in: driver.any }
  const range = { t, x: entries, k }
  if ((await roughly(scope, range, { hint: byEntry, limit: few })) < few) return undefined
  const holds = hidden(rest, scope, '')
  const isOne = { $nor: [{ x: { $nin: driver.any } }] }
  const undated = undatedOf(scope.types[0] ?? '')
  return together(scope.source, async source => {
    const then = { ...scope, source }
    const without = await size(then, { x: undated, k: sure })
    const sureEntries = without ? { $in: [...driver.any, undated] } : entries
    const between = (await size(then, { x: sureEntries, k: sure })) - without
    let ends = 0
    for (const end of endsOf(k, sure)) ends += await size(then, { x: entries, k: end, $and: holds })
    const beyond = { x: apart, $and: [isOne, ...holds, { $nor: [{ k }] }] }
    const wrong = { x: apart, k: sure, $and: [isOne, { $nor: [{ $and: holds }] }] }
    return between + ends + (await size(then, beyond)) - (await size(then, wrong))
  })
}

/** Where `k` is between these, all of the date is. */
function surely(dates: MainDate[]): Document | undefined {
  const from = dates.flatMap(({ lowFrom, highFrom }) => [lowFrom ?? [], highFrom ?? []].flat())
  const to = dates.flatMap(({ lowTo, highTo }) =>
    [lowTo ?? [], highTo === undefined ? [] : highTo - (longest(0) ?? 0)].flat(),
  )
  const [least, most] = [Math.max(...from), Math.min(...to)]
  if (least > most) return undefined
  return { ...(from.length ? { $gte: least } : {}), ...(to.length ? { $lte: most } : {}) }
}

/** What of a range is before or after another one that is in it. */
function endsOf(k: Document, sure: Document): Document[] {
  const before = k.$gte < sure.$gte ? [{ $gte: k.$gte, $lt: sure.$gte }] : []
  const after = k.$lte > sure.$lte ? [{ $gt: sure.$lte, $lte: k.$lte }] : []
  return [...before, ...after]
}

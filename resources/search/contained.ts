/**
 * Resources that are found within others. The stores know which types a resource contains; whether one of these matches is
 * seen by what would be known of it if it stood alone. https://hl7.org/fhir/R4/search.html#contained
 */
import { timedOut } from '../error.ts'
import type { Version } from '../store.ts'
import { containersOf } from './contained/containers.ts'
import { type Hit, hitsIn } from './contained/hits.ts'
import type { ContainerReach } from './contained/reach.ts'
import { isSorted, sortedPart } from './contained/sorted.ts'
import type { ParsedSearch } from './parse.ts'
import type { ContainedPlace, Find, Found } from './result-page.ts'

interface Walked {
  hits: Hit[]
  next?: ContainedPlace
}

/** Containers read at once, and looked through for a page: then it is sent with what was found. */
const slice = 50
const most = 2000

/** Unsorted, what is contained comes after all pages of what stands alone, where that is asked for too. */
export const findContained =
  (parsed: ParsedSearch, reach: ContainerReach, alone: Find): Find =>
  async (place, count) => {
    const { contained } = place
    if (isSorted(parsed)) return sortedPart(parsed, { place: contained?.sorted, count }, reach)
    if (parsed.contained === 'true' || contained)
      return partOf(await walkOn(parsed, { room: count, place: contained ?? {} }, reach))
    const page = await alone(place, count)
    if (page.next) return page
    const room = count - page.matches.length
    const { matches, ...more } = partOf(await walkOn(parsed, { room, place: {} }, reach))
    return { ...page, ...more, matches: [...page.matches, ...matches] }
  }

const partOf = ({ hits, next }: Walked): Found => ({
  matches: hits.map(({ match }) => match),
  ...(next ? { next: { contained: next } } : {}),
})

/** How many there are, up to `atMost`. */
export async function countContained(
  parsed: ParsedSearch,
  reach: ContainerReach,
  atMost = Number.POSITIVE_INFINITY,
): Promise<number> {
  let count = 0
  for (let place: ContainedPlace | undefined = {}; place && count < atMost; ) {
    const room = Math.min(most, atMost - count)
    const walked: Walked = await walk(parsed, { room, place }, reach)
    count += walked.hits.length
    place = walked.next
    if (place && count < atMost && reach.isLate())
      throw timedOut(
        'to count what is contained takes too long: narrow the search by more parameters, or ask for pages without a total',
        5,
      )
  }
  return count
}

interface From {
  /** How many fit. */
  room: number
  place: ContainedPlace
}

/** A full page has a next one only if something is on it. */
async function walkOn(parsed: ParsedSearch, from: From, reach: ContainerReach): Promise<Walked> {
  const { hits, next } = await walk(parsed, from, reach)
  if (!next || next.rest || hits.length < from.room) return { hits, ...(next ? { next } : {}) }
  const ahead = await walk(parsed, { room: 1, place: next }, reach)
  return ahead.hits.length > 0 || ahead.next ? { hits, next } : { hits }
}

async function walk(
  parsed: ParsedSearch,
  { room, place }: From,
  reach: ContainerReach,
): Promise<Walked> {
  const begun = place.rest ? await restOf(parsed, { room, place }, reach) : undefined
  const hits = begun?.hits ?? []
  if (begun && (!begun.next || begun.next.rest)) return begun
  const query = containersOf(parsed)
  let { after } = place
  for (let count = slice, looked = 0; hits.length < room; ) {
    const at = after === undefined ? {} : { after }
    const { versions, next } = await reach.search({ ...query, count, ...at })
    const found: Hit[][] = []
    for (const version of versions) found.push(await hitsIn(version, parsed, reach))
    const fitting = howManyFit(found, room - hits.length)
    if (fitting < found.length && found.length > 1) {
      count = Math.max(1, fitting)
      continue
    }
    const some = found.flat().slice(0, room - hits.length)
    hits.push(...some)
    const [only] = versions
    const cut = fitting < found.length && only ? { rest: restFrom(only, some.length) } : {}
    if (next === undefined) return { hits, ...('rest' in cut ? { next: cut } : {}) }
    after = next
    looked += versions.length
    if ('rest' in cut || looked >= most || reach.isLate())
      return { hits, next: { after: next, ...cut } }
    count = slice
  }
  return { hits, next: after === undefined ? {} : { after } }
}

/** As many of the first containers as have room with all that is found in them. */
function howManyFit(found: Hit[][], room: number): number {
  let left = room
  const over = found.findIndex(hits => {
    left -= hits.length
    return left < 0
  })
  return over < 0 ? found.length : over
}

const restFrom = ({ type, id, number }: Version, sent: number) => ({ type, id, number, sent })

/** What the page before had no room for, of the version that it was found in. */
async function restOf(
  parsed: ParsedSearch,
  { room, place: { after, rest } }: From,
  reach: ContainerReach,
): Promise<Walked | undefined> {
  if (!rest) return undefined
  const { type, id, number, sent } = rest
  const version = await reach.read(type, id, number)
  const all = await hitsIn(version, parsed, reach)
  const hits = all.slice(sent, sent + room)
  const on = after === undefined ? {} : { after }
  const upTo = sent + hits.length
  if (upTo < all.length) return { hits, next: { ...on, rest: restFrom(version, upTo) } }
  return { hits, ...(after === undefined ? {} : { next: on }) }
}

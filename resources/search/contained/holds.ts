/**
 * Whether criteria hold of a resource within another. What it says itself is seen by its rows, what it refers to within its
 * container and who refers to it there by the container, and what it refers to elsewhere by the store.
 */
import { parseStored } from '../../json.ts'
import { isObject, type Resource } from '../../resource.ts'
import type { Extract, Version } from '../../store.ts'
import { holdsAny } from '../inside.ts'
import { matches, matchesAll, type Unstored } from '../match.ts'
import type { Predicate, Query } from '../query.ts'
import type { ContainerReach } from './reach.ts'

/** A container, read. */
export interface Container {
  version: Version
  whole: Resource
  within: Resource[]
}

export function openContainer(version: Version): Container {
  const whole = parseStored(version.json ?? '{}') as Resource
  const all: unknown[] = Array.isArray(whole.contained) ? whole.contained : []
  const within = all.filter(
    (one): one is Resource => isObject(one) && typeof one.resourceType === 'string',
  )
  return { version, whole, within }
}

/** What is asked about: one of those within, or the container as it stands alone. */
interface Asked {
  resource: Resource
  container: Container
  extract: Extract
  reach: ContainerReach
}

/** What is known of it where all of the criteria hold. */
export async function foundBy(
  where: Predicate[],
  resource: Resource,
  container: Container,
  reach: ContainerReach,
): Promise<Unstored | undefined> {
  const { resourceType: type, id = '' } = resource
  const around = { contained: container.within, target: nameOf(container) }
  const knowing = (closed: boolean) => {
    const within = resource === container.whole ? undefined : { ...around, closed }
    return { type, id, extract: reach.extract(resource, within) }
  }
  const one = knowing(true)
  const known = matchesAll(where, one)
  if (known !== undefined) return known ? one : undefined
  const { extract } = knowing(false)
  return (await holdAll(where, { resource, container, reach, extract })) ? one : undefined
}

const nameOf = ({ version: { type, id } }: Container): string => `${type}/${id}`

async function holdAll(where: Predicate[], asked: Asked): Promise<boolean> {
  for (const predicate of where) if (!(await holds(predicate, asked))) return false
  return true
}

async function holds(predicate: Predicate, asked: Asked): Promise<boolean> {
  switch (predicate.kind) {
    case 'and':
      return holdAll(predicate.all, asked)
    case 'or':
      for (const each of predicate.any) if (await holds(each, asked)) return true
      return false
    case 'not':
      return !(await holds(predicate.not, asked))
    case 'updated': {
      const { from, to } = predicate
      const { at } = asked.container.version
      return (from === undefined || at >= from) && (to === undefined || at <= to)
    }
    case 'chain':
      return leadsTo(predicate, asked)
    case 'has':
      return isReferredTo(predicate, asked)
    default: {
      const { resourceType: type, id = '' } = asked.resource
      return matches(predicate, { type, id, extract: asked.extract }) === true
    }
  }
}

type Of<K extends Predicate['kind']> = Predicate & { kind: K }

const targetsOf = ({ rows }: Extract, param: string): string[] =>
  rows.flatMap(row => (row.kind === 'reference' && row.param === param ? [row.target] : []))

async function leadsTo(
  { param, types, where, names }: Of<'chain'>,
  asked: Asked,
): Promise<boolean> {
  const targets = targetsOf(asked.extract, param)
  if (targets.length === 0) return false
  if (names !== undefined)
    return isStored(asked, types, [{ kind: 'reference', param: names, targets }, ...where])
  for (const type of types) {
    const ids = targets
      .filter(each => each.startsWith(`${type}/`))
      .map(each => each.slice(type.length + 1))
    if (ids.length && (await isStored(asked, [type], [{ kind: 'id', ids }, ...where]))) return true
  }
  return false
}

/** Nothing outside of the container refers to what is within it. */
async function isReferredTo(has: Of<'has'>, asked: Asked): Promise<boolean> {
  const { type, param, where, names } = has
  const { resource, container, reach, extract } = asked
  const { whole, within } = container
  if (resource === whole) {
    const targets = names === undefined ? [nameOf(container)] : targetsOf(extract, names)
    return isStored(asked, [type], [{ kind: 'reference', param, targets }, ...where])
  }
  const refers = holdsAny(param, resource.resourceType)
  for (const one of [whole, ...within]) {
    if (one.resourceType !== type || one === resource) continue
    // Each is read anew for each: of thousands within one container that takes minutes.
    await reach.pause()
    const alone = {
      type,
      id: one.id ?? '',
      extract: reach.extract(one, { contained: [resource], target: nameOf(container) }),
    }
    if (matches(refers, alone) && (await foundBy(where, one, container, reach))) return true
  }
  return false
}

/** Whether such a one stands alone; asked once of what many refer to. */
function isStored({ reach }: Asked, types: string[], where: Predicate[]): Promise<boolean> {
  const query: Query = { types, where, sort: [{ by: 'updated', descending: true }], count: 1 }
  return once(reach, JSON.stringify(query), async () => {
    const { versions } = await reach.search(query)
    return versions.length > 0
  })
}

const answers = new WeakMap<ContainerReach, Map<string, Promise<boolean>>>()

/** More answers than this are not kept. */
const most = 10_000

function once(
  reach: ContainerReach,
  question: string,
  ask: () => Promise<boolean>,
): Promise<boolean> {
  const known = answers.get(reach) ?? new Map<string, Promise<boolean>>()
  answers.set(reach, known)
  const answer = known.get(question) ?? ask()
  if (known.size < most) known.set(question, answer)
  return answer
}

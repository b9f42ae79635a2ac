/** Which condition drives: the one with the least in its part of the index. All others are residuals of it. */
import { dated } from './dated.ts'
import { type Driver, driversOf, hintOf, isOrdered, rangeOf } from './drivers.ts'
import { flat, type Node } from './nodes.ts'
import { counted, roughly, type Scope } from './scope.ts'

export interface Plan {
  /** Absent: nothing is narrow, so all of the types is walked. */
  driver?: Driver
  size: number
  /** What the driver does not answer. */
  rest: Node[]
  /** All that must hold. */
  all: Node[]
  /** All that could drive, and how much of each there is, as far as it was counted. */
  sizes: { driver: Driver; size?: number }[]
}

interface Need {
  /** Whether its size matters where there is one driver only. */
  mustKnow?: (only: Driver) => boolean
  /** What is in order is tried first: how much there is of what is not can wait. */
  ordered?: boolean
}

export async function planOf(
  where: Node[],
  scope: Scope,
  { mustKnow = () => true, ordered = false }: Need = {},
): Promise<Plan> {
  const all = where.flatMap(flat)
  const drivers = apart(await dated(await driversOf(all, scope), all, scope))
  const [only, ...others] = drivers
  const sizes: Plan['sizes'] =
    only && others.length === 0 && !mustKnow(only)
      ? [{ driver: only }]
      : await sizesOf(drivers, scope, ordered)
  const [best] = sizes.toSorted(
    (a, b) =>
      (a.size ?? counted) - (b.size ?? counted) ||
      Number(isOrdered(b.driver)) - Number(isOrdered(a.driver)) ||
      b.driver.covers.length - a.driver.covers.length,
  )
  if (!best) return { size: counted, rest: all, all, sizes }
  const { driver, size = counted } = best
  return { driver, size, rest: restOf(driver, all), all, sizes }
}

/** What a driver does not answer. */
export const restOf = ({ covers }: Driver, all: Node[]): Node[] =>
  all.filter(node => !covers.includes(node))

/** A pair is never more than what it is made of; but that may be in order where the pair is not. */
const apart = (drivers: Driver[]): Driver[] =>
  drivers.filter(
    driver =>
      !drivers.some(
        other =>
          (isOrdered(other) || !isOrdered(driver)) &&
          other.covers.length > driver.covers.length &&
          driver.covers.length > 0 &&
          driver.covers.every(node => other.covers.includes(node)),
      ),
  )

/** An index alone tells how much of these there is. */
const isCheap = ({ in: field }: Driver): boolean => field === 'x' || field === 'w' || field === 'n'

async function sizesOf(drivers: Driver[], scope: Scope, ordered: boolean): Promise<Plan['sizes']> {
  const cheap = await sizesOfEach(drivers.filter(isCheap), scope)
  if (cheap.some(({ size = counted }) => size < counted)) return cheap
  const others = drivers.filter(each => !isCheap(each))
  return ordered && cheap.some(({ driver }) => isOrdered(driver))
    ? [...cheap, ...others.map(driver => ({ driver }))]
    : [...cheap, ...(await sizesOfEach(others, scope))]
}

export async function sizesOfEach(drivers: Driver[], scope: Scope): Promise<Plan['sizes']> {
  const sizes: Plan['sizes'] = []
  for (const driver of drivers) sizes.push({ driver, size: await sizeOf(driver, scope) })
  return sizes
}

async function sizeOf(driver: Driver, scope: Scope): Promise<number> {
  if (driver.any.length === 0 || scope.types.length === 0) return 0
  if (driver.in === 'n') return driver.any.length
  return sizeUpTo(counted, driver, scope)
}

/** How much there is of what drives, up to a bound, as it was within the last minute. */
export function sizeUpTo(limit: number, driver: Driver, scope: Scope): Promise<number> {
  const range = rangeOf(asRead(driver), scope)
  const asked = { hint: hintOf(driver), limit }
  const [node, ...more] = driver.covers
  if (!node || more.length || driver.in !== 'x' || !isFound(node))
    return roughly(scope, range, asked)
  const by = [scope.tenant, scope.types, askedBy(node), driver.when]
  return roughly(scope, range, { ...asked, by })
}

/** As far as its index tells: all amounts in the range are read, whatever their unit. */
const asRead = (driver: Driver): Driver =>
  driver.in === 'q'
    ? { ...driver, any: driver.any.map(({ p, lo }) => ({ p, ...(lo ? { lo } : {}) })) }
    : driver

/** Whether its targets were found by something else: they are many, and what found them stands for them. */
const isFound = (node: Node): boolean =>
  node.kind === 'or' ? node.any.some(isFound) : node.kind === 'reference' && node.by !== undefined

const askedBy = (node: Node): unknown => {
  if (node.kind === 'or') return node.any.map(askedBy)
  return node.kind === 'reference' && node.by !== undefined ? [node.param, node.by] : node
}

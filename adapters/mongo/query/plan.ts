/** Which condition drives: the one with the least in its part of the index. All others are residuals of it. */
import { type Driver, driversOf, hintOf, isOrdered, rangeOf } from './drivers.ts'
import { flat, type Node } from './nodes.ts'
import { count, counted, type Scope } from './scope.ts'

export interface Plan {
  /** Absent: nothing is narrow, so all of the types is walked. */
  driver?: Driver
  size: number
  /** What the driver does not answer. */
  rest: Node[]
  /** All that must hold. */
  all: Node[]
  /** All that could drive, and how much of each there is, as far as it was counted. */
  sizes: { driver: Driver; size: number }[]
}

/** `sized`: false where it only matters which is the smallest. */
export async function planOf(where: Node[], scope: Scope, sized = true): Promise<Plan> {
  const all = where.flatMap(flat)
  const drivers = await driversOf(all, scope)
  const [only, ...others] = drivers
  const sizes =
    only && others.length === 0 && isOrdered(only) && !sized
      ? [{ driver: only, size: counted }]
      : await sizesOf(drivers, scope)
  const [best] = sizes.toSorted(
    (a, b) =>
      a.size - b.size ||
      Number(isOrdered(b.driver)) - Number(isOrdered(a.driver)) ||
      b.driver.covers.length - a.driver.covers.length,
  )
  if (!best) return { size: counted, rest: all, all, sizes }
  const { driver, size } = best
  return { driver, size, rest: all.filter(node => !driver.covers.includes(node)), all, sizes }
}

/** An index alone tells how much of these there is. */
const isCheap = ({ in: field }: Driver): boolean => field === 'x' || field === 'w' || field === 'n'

async function sizesOf(drivers: Driver[], scope: Scope): Promise<Plan['sizes']> {
  // A pair is never more than what it is made of.
  const apart = drivers.filter(
    driver =>
      !drivers.some(
        other =>
          isOrdered(other) &&
          other.covers.length > driver.covers.length &&
          driver.covers.length > 0 &&
          driver.covers.every(node => other.covers.includes(node)),
      ),
  )
  const cheap = await sizesOfEach(apart.filter(isCheap), scope)
  if (cheap.some(({ size }) => size < counted)) return cheap
  return [
    ...cheap,
    ...(await sizesOfEach(
      apart.filter(each => !isCheap(each)),
      scope,
    )),
  ]
}

async function sizesOfEach(drivers: Driver[], scope: Scope): Promise<Plan['sizes']> {
  const sizes: Plan['sizes'] = []
  for (const driver of drivers) sizes.push({ driver, size: await sizeOf(driver, scope) })
  return sizes
}

async function sizeOf(driver: Driver, scope: Scope): Promise<number> {
  if (driver.any.length === 0 || scope.types.length === 0) return 0
  if (driver.in === 'n') return driver.any.length
  const filter = rangeOf(driver, scope)
  return scope.source.sizes.get(JSON.stringify(filter), () =>
    count(scope, filter, { hint: hintOf(driver), limit: counted }),
  )
}

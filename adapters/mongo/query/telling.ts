/** How a search is answered, told while it is: names and numbers, never a value. */
import type { Step } from '../../../resources/store.ts'
import type { Driver } from './drivers.ts'
import type { Node } from './nodes.ts'
import type { Scope } from './scope.ts'

/** ms since an instant of performance.now(), to the microsecond. */
export const since = (began: number): number =>
  Math.round((performance.now() - began) * 1000) / 1000

/** Does it, and tells what came of it where somebody asks; what fails is told by who does something else instead. */
export async function telling<T>(
  { tell }: Scope,
  work: () => Promise<T>,
  stepOf: (value: T) => Omit<Step, 'ms'>,
): Promise<T> {
  if (!tell) return work()
  const began = performance.now()
  const value = await work()
  tell({ ...stepOf(value), ms: since(began) })
  return value
}

const tables: Readonly<Record<Driver['in'], string>> = {
  x: 'entries',
  d: 'dates',
  q: 'amounts',
  g: 'positions',
  w: 'words',
  n: 'names',
  at: 'times',
}

export const tableOf = (driver: Driver): string => tables[driver.in]

/** What a driver answers. */
export const covered = ({ covers }: Driver): string => covers.map(nameOf).join(' and ')

/** The kind and parameter of a condition. */
export function nameOf(node: Node): string {
  if (node.kind === 'not') return `not ${nameOf(node.not)}`
  if (node.kind === 'or') {
    // A code in several systems is what was asked for, once.
    const [one, ...others] = new Set(node.any.map(nameOf))
    return one && others.length === 0 ? one : `any of ${node.any.length}`
  }
  return 'param' in node ? `${node.kind} ${node.param}` : node.kind
}

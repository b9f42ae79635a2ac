/** Calls for each value that an expression finds, without gathering them on the way. */
import { choicesOf, compilePath, isOf, type Step, type Way } from '../fhirpath.ts'
import { isObject } from '../resource.ts'

/** `type` is the one of a choice. */
type Found = (value: unknown, type: string | undefined, system: string) => void
export type Visit = (value: unknown, found: Found) => void

/** Absent where the expression is beyond the compiler. */
export function compileVisit(expression: string, type: string): Visit | undefined {
  const path = compilePath(expression, type)
  if (!path) return undefined
  const { ways } = path
  if (ways) return visitOf(ways)
  return (value, found) => {
    if (!isObject(value)) return
    for (const one of path(value)) found(one.value, one.type, one.system ?? '')
  }
}

export function visitOf(ways: Way[]): Visit {
  const all = ways.map(({ steps, system = '' }) => ({ go: follow(steps), system }))
  return (value, found) => {
    for (const { go, system } of all) go(value, undefined, (one, type) => found(one, type, system))
  }
}

type Go = (value: unknown, type: string | undefined, found: Each) => void
type Each = (value: unknown, type: string | undefined) => void

function follow([step, ...rest]: Step[]): Go {
  if (!step) return (value, type, found) => found(value, type)
  const go = follow(rest)
  if (step.kind === 'type')
    return (value, type, found) => {
      if (isOf(type, step.type)) go(value, type, found)
    }
  if (step.kind === 'where')
    return (value, type, found) => {
      if (step.holds(value)) go(value, type, found)
    }
  const [next] = rest
  const choices = [...choicesOf(step.name)].filter(
    ([, type]) => next?.kind !== 'type' || isOf(type, next.type),
  )
  return (value, _, found) => {
    if (!isObject(value)) return
    if (Object.hasOwn(value, step.name)) each(value[step.name], undefined, go, found)
    else
      for (const [key, type] of choices)
        if (Object.hasOwn(value, key)) each(value[key], type, go, found)
  }
}

function each(child: unknown, type: string | undefined, go: Go, found: Each): void {
  if (Array.isArray(child)) {
    for (const item of child) if (item !== null) go(item, type, found)
  } else if (child !== undefined && child !== null) go(child, type, found)
}

/** Calls for each value that an expression finds, without gathering them on the way. */
import { type Around, isOf, type Step, type Way } from '../fhirpath/path.ts'
import { choicesOf, compilePath } from '../fhirpath.ts'
import { isObject } from '../resource.ts'

/** `type` is the one of a choice, or as it was found with. */
type Found = (value: unknown, type: string | undefined, system: string) => void
export type Visit = (value: unknown, found: Found, around?: Around) => void

/** Absent where the expression has no path. `on`: the structure that it is evaluated on, where not the resource. */
export function compileVisit(expression: string, type: string, on?: string): Visit | undefined {
  const path = compilePath(expression, type, on)
  if (!path) return undefined
  const { ways } = path
  if (ways) return visitOf(ways)
  return (value, found, around) => {
    if (!isObject(value)) return
    for (const one of path(value, around)) found(one.value, one.type, one.system ?? '')
  }
}

export function visitOf(ways: Way[]): Visit {
  const all = ways.map(({ steps, system = '' }) => ({ go: follow(steps), system }))
  return (value, found, around) => {
    for (const { go, system } of all)
      go(value, undefined, { found: (one, type) => found(one, type, system), around })
  }
}

type Go = (value: unknown, type: string | undefined, on: On) => void

interface On {
  found(value: unknown, type: string | undefined): void
  around: Around | undefined
}

function follow([step, ...rest]: Step[]): Go {
  if (!step) return (value, type, on) => on.found(value, type)
  const go = follow(rest)
  if (step.kind === 'type')
    return (value, type, on) => {
      if (isOf(type, step.type)) go(value, type, on)
    }
  if (step.kind === 'where')
    return (value, type, on) => {
      if (step.holds(value, on.around)) go(value, type, on)
    }
  const [next] = rest
  const choices = [...choicesOf(step.name)].filter(
    ([, type]) => next?.kind !== 'type' || isOf(type, next.type),
  )
  return (value, _, on) => {
    if (!isObject(value)) return
    if (Object.hasOwn(value, step.name)) each(value[step.name], undefined, go, on)
    else
      for (const [key, type] of choices)
        if (Object.hasOwn(value, key)) each(value[key], type, go, on)
  }
}

function each(child: unknown, type: string | undefined, go: Go, on: On): void {
  if (Array.isArray(child)) {
    for (const item of child) if (item !== null) go(item, type, on)
  } else if (child !== undefined && child !== null) go(child, type, on)
}

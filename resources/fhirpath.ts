/**
 * Compiles the expressions of search parameters into functions. Of FHIRPath it knows what 96 % of them need: paths,
 * unions, ofType and as, where on a type of reference or one equality, extension, exists, first and indexers.
 */
import { choiceTypes } from './definitions.ts'
import { parseReference } from './reference.ts'
import { isObject } from './resource.ts'

/** A value and the datatype it was found with, where a choice told it. */
export interface Found {
  value: unknown
  type?: string
}

export type Path = (resource: Record<string, unknown>) => Found[]
type Move = (found: Found[]) => Found[]

/** The function of an expression for one resource type; absent where it is beyond this compiler. */
export function compilePath(expression: string, type: string): Path | undefined {
  const arms: Move[] = []
  for (const arm of splitTop(expression, '|')) {
    const plain = unwrap(arm.trim())
    const first = /^[A-Z][A-Za-z]*/.exec(plain.replace(/^\(+/, ''))?.[0]
    if (first && ![type, 'Resource', 'DomainResource'].includes(first)) continue
    const move = compileArm(plain)
    if (!move) return undefined
    arms.push(move)
  }
  if (arms.length === 0) return undefined
  return resource => arms.flatMap(move => move([{ value: resource }]))
}

/** `(a as T)` and `(a).b` both begin with a bracket; one around everything is dropped. */
function unwrap(text: string): string {
  if (!text.startsWith('(')) return text
  const end = closing(text, 0)
  return end === text.length - 1 ? unwrap(text.slice(1, -1).trim()) : text
}

function closing(text: string, open: number): number {
  let depth = 0
  let quoted = false
  for (let at = open; at < text.length; at++) {
    if (text[at] === "'") quoted = !quoted
    if (quoted) continue
    if (text[at] === '(') depth++
    if (text[at] === ')' && --depth === 0) return at
  }
  return -1
}

function splitTop(text: string, separator: string): string[] {
  const parts: string[] = []
  let from = 0
  let depth = 0
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "'") quoted = !quoted
    if (quoted) continue
    if (text[at] === '(') depth++
    else if (text[at] === ')') depth--
    else if (depth === 0 && text.startsWith(separator, at)) {
      parts.push(text.slice(from, at))
      from = at + separator.length
    }
  }
  return [...parts, text.slice(from)]
}

function compileArm(text: string): Move | undefined {
  const cast = splitTop(text, ' as ')
  if (cast.length === 2) {
    const before = compileArm(unwrap(cast[0]?.trim() ?? ''))
    const after = ofType(cast[1]?.trim() ?? '')
    return before && (found => after(before(found)))
  }
  const moves: Move[] = []
  for (const [index, step] of splitTop(text, '.').entries()) {
    const move = index === 0 ? firstStep(step.trim()) : compileStep(step.trim())
    if (!move) return undefined
    moves.push(move)
  }
  return found => moves.reduce((at, move) => move(at), found)
}

function firstStep(step: string): Move | undefined {
  if (step.startsWith('(')) {
    const inner = unwrap(step)
    return inner === step ? undefined : compileArm(inner)
  }
  return /^[A-Z]/.test(step) ? found => found : compileStep(step)
}

function compileStep(step: string): Move | undefined {
  const call = /^([a-zA-Z]+)\((.*)\)$/.exec(step)
  if (call) return compileCall(call[1] ?? '', (call[2] ?? '').trim())
  const indexed = /^([a-z][A-Za-z]*)\[(\d+)\]$/.exec(step)
  if (indexed) {
    const move = child(indexed[1] ?? '')
    return found => move(found).slice(Number(indexed[2]), Number(indexed[2]) + 1)
  }
  if (step === '$this') return found => found
  return /^[a-z][A-Za-z]*$/.test(step) ? child(step) : undefined
}

function compileCall(name: string, argument: string): Move | undefined {
  switch (name) {
    case 'ofType':
    case 'as':
      return ofType(argument)
    case 'first':
      return found => found.slice(0, 1)
    case 'exists':
      return argument === '' ? found => [{ value: found.length > 0, type: 'boolean' }] : undefined
    case 'extension': {
      const url = /^'([^']*)'$/.exec(argument)?.[1]
      return url === undefined
        ? undefined
        : found =>
            child('extension')(found).filter(({ value }) => isObject(value) && value.url === url)
    }
    case 'where':
      return compileWhere(argument)
    default:
      return undefined
  }
}

function compileWhere(condition: string): Move | undefined {
  const target = /^resolve\(\) is ([A-Za-z]+)$/.exec(condition)?.[1]
  if (target) return found => found.filter(({ value }) => refersTo(value, target))
  const equality = /^([A-Za-z.]+)\s*=\s*'([^']*)'$/.exec(condition)
  if (!equality) return undefined
  const move = compileArm(equality[1] ?? '')
  return (
    move && (found => found.filter(one => move([one]).some(({ value }) => value === equality[2])))
  )
}

const refersTo = (value: unknown, type: string): boolean =>
  isObject(value) &&
  (typeof value.reference === 'string'
    ? parseReference(value.reference)?.type === type
    : value.type === type)

const ofType =
  (type: string): Move =>
  found =>
    found.filter(
      one =>
        one.type === undefined || one.type === type || (type === 'code' && one.type === 'string'),
    )

/** A step down: by the name itself, or by each type of a choice. */
function child(name: string): Move {
  const choices = choiceTypes(name).map(
    type => [name + type.charAt(0).toUpperCase() + type.slice(1), type] as const,
  )
  return found => {
    const children: Found[] = []
    for (const { value } of found) {
      if (!isObject(value)) continue
      if (Object.hasOwn(value, name)) add(children, value[name], undefined)
      else
        for (const [key, type] of choices)
          if (Object.hasOwn(value, key)) add(children, value[key], type)
    }
    return children
  }
}

function add(children: Found[], value: unknown, type: string | undefined): void {
  const made = (item: unknown): Found => (type ? { value: item, type } : { value: item })
  if (Array.isArray(value)) {
    for (const item of value) if (item !== null) children.push(made(item))
  } else if (value !== null && value !== undefined) children.push(made(value))
}

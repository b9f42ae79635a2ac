/**
 * Compiles the expressions of search parameters into functions. Of FHIRPath it knows what 96 % of them need: paths,
 * unions, ofType and as, where on a type of reference or one equality, extension, exists, first and indexers.
 */
import { choiceKey, choiceTypes, structureOf, systemOf } from './definitions.ts'
import { parseReference } from './reference.ts'
import { isObject } from './resource.ts'

/** A value and the datatype it was found with, where a choice told it. */
export interface Found {
  value: unknown
  type?: string
  /** Of a code: the system that the binding of its element implies. */
  system?: string
}

export interface Path {
  (resource: Record<string, unknown>): Found[]
  /** Keys of which the resource has one wherever something is found; absent: any resource may have something. */
  roots?: ReadonlySet<string>
}

type Move = (found: Found[]) => Found[]
/** A way from the resource down, and the name of its first step, where it has one. */
interface Arm {
  move: Move
  root?: string
}

/** The function of an expression for one resource type; absent where it is beyond this compiler. */
export function compilePath(expression: string, type: string): Path | undefined {
  const arms: Arm[] = []
  for (const arm of splitTop(expression, '|')) {
    const plain = unwrap(arm.trim())
    const first = /^[A-Z][A-Za-z]*/.exec(plain.replace(/^\(+/, ''))?.[0]
    if (first && ![type, 'Resource', 'DomainResource'].includes(first)) continue
    const compiled = compileArm(plain, type)
    if (!compiled) return undefined
    arms.push(compiled)
  }
  const [only] = arms
  if (!only) return undefined
  const path: Path =
    arms.length === 1
      ? resource => only.move([{ value: resource }])
      : resource => arms.flatMap(({ move }) => move([{ value: resource }]))
  const roots = arms.map(({ root }) => root)
  if (roots.every(root => root !== undefined))
    path.roots = new Set(roots.flatMap(root => [root, ...choicesOf(root).keys()]))
  return path
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

function compileArm(text: string, type = ''): Arm | undefined {
  const cast = splitTop(text, ' as ')
  if (cast.length === 2) {
    const before = compileArm(unwrap(cast[0]?.trim() ?? ''), type)
    return before && { ...before, move: inTurn([before.move, ofType(cast[1]?.trim() ?? '')]) }
  }
  const [head = '', ...rest] = splitTop(text, '.').map(step => step.trim())
  const first = firstStep(head, rest, type)
  if (!first) return undefined
  const moves = [first.move]
  for (const step of rest) {
    const move = compileStep(step)
    if (!move) return undefined
    moves.push(move)
  }
  const system = /^[A-Z]/.test(head) ? systemAt(rest, type) : undefined
  if (system) moves.push(found => found.map(one => ({ ...one, system })))
  // Nothing is an answer to exists() too.
  return rest.includes('exists()') ? { move: inTurn(moves) } : { ...first, move: inTurn(moves) }
}

/** The system of the codes at the end of a way, where the binding of that element implies one. */
function systemAt(steps: string[], type: string): string | undefined {
  let shape = type
  let codes: string | undefined
  for (const step of steps) {
    const name = /^[a-z][A-Za-z]*(?=$|\[)/.exec(step)?.[0]
    const element = name === undefined ? undefined : structureOf(shape)?.elements[name]
    if (!element) return undefined
    const own = `${shape}.${name}`
    shape = element.content ?? (structureOf(own) ? own : (element.types[0] ?? ''))
    codes = element.choice ? undefined : element.codes
  }
  return codes && systemOf(codes)
}

function inTurn(moves: Move[]): Move {
  return found => {
    let at = found
    for (const move of moves) at = move(at)
    return at
  }
}

function firstStep(step: string, [next = '']: string[], type: string): Arm | undefined {
  if (step.startsWith('(')) {
    const inner = unwrap(step)
    return inner === step ? undefined : compileArm(inner, type)
  }
  // The resource itself: what is asked of it comes with the next step.
  if (/^[A-Z]/.test(step)) return { move: found => found, ...rootOf(next) }
  const move = compileStep(step)
  return move && { move, ...rootOf(step) }
}

function rootOf(step: string): { root?: string } {
  const root = /^[a-z][A-Za-z]*(?=$|\[)/.exec(step)?.[0]
  return root === undefined ? {} : { root }
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
  const arm = compileArm(equality[1] ?? '')
  return (
    arm &&
    (found => found.filter(one => arm.move([one]).some(({ value }) => value === equality[2])))
  )
}

const refersTo = (value: unknown, type: string): boolean =>
  isObject(value) &&
  (typeof value.reference === 'string'
    ? parseReference(value.reference)?.type === type
    : value.type === type)

/** A canonical is a uri too: it is the one subtype that the parameters of R4 meet. */
const ofType =
  (type: string): Move =>
  found =>
    found.filter(
      one =>
        one.type === undefined || one.type === type || (type === 'uri' && one.type === 'canonical'),
    )

/** The keys a choice is written with, and their types; none where no element of this name is one. */
const choicesOf = (name: string): ReadonlyMap<string, string> =>
  new Map(choiceTypes(name).map(type => [choiceKey(name, type), type]))

/** A step down: by the name itself, or by each type of a choice. */
function child(name: string): Move {
  const choices = choicesOf(name)
  return found => {
    const children: Found[] = []
    for (const { value } of found) {
      if (!isObject(value)) continue
      if (Object.hasOwn(value, name)) add(children, value[name], undefined)
      else if (choices.size > 0)
        for (const key in value) {
          const type = choices.get(key)
          if (type !== undefined) add(children, value[key], type)
        }
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

/**
 * Compiles the expressions of search parameters into functions. Of FHIRPath it knows what those of R4 need: paths, unions,
 * ofType and as, where on a type of reference or one equality, extension, exists, first and indexers. The others are
 * evaluated by an engine, 50 times slower; who asks for a path need not know.
 */
import {
  choiceKey,
  choiceTypes,
  elementAt,
  hasElement,
  structureOf,
  systemOf,
} from './definitions.ts'
import { compileByEngine, engineProblem } from './fhirpath/engine.ts'
import { type Around, type Found, isOf, type Path, type Step } from './fhirpath/path.ts'
import { parseReference } from './reference.ts'
import { isObject } from './resource.ts'
import { datatypesAt } from './search/datatypes.ts'

type Move = (found: Found[]) => Found[]
/** A way from the resource down; without steps where it needs all that is found at once. */
interface Arm {
  move: Move
  steps?: Step[]
  system?: string
}

/**
 * The function of an expression for one resource type; absent where it has none there. `on`: the structure that it is
 * evaluated on, where that is not the resource.
 */
export function compilePath(expression: string, type: string, on = ''): Path | undefined {
  if (expression === '') return undefined
  const own = on === '' ? expression : `${type}.${expression}`
  return compileOwn(own, type) ?? compileByEngine(expression, type, on)
}

/** Why there is none; absent: there is one. */
export const pathProblem = (expression: string, type: string): string | undefined =>
  compileOwn(expression, type) ? undefined : engineProblem(expression, type)

function compileOwn(expression: string, type: string): Path | undefined {
  // What a text in quotes escapes is not read here.
  if (expression.includes('\\')) return undefined
  const arms: Arm[] = []
  for (const arm of splitTop(expression, '|')) {
    const plain = unwrap(arm.trim())
    const first = /^[(\s]*([A-Za-z]+)\b(?!\()/.exec(plain)?.[1]
    const isOfType =
      !first || [type, 'Resource', 'DomainResource'].includes(first) || hasElement(type, first)
    if (!isOfType) continue
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
  const ways = arms.flatMap(({ steps, system }) =>
    steps ? [{ steps, ...(system === undefined ? {} : { system }) }] : [],
  )
  if (ways.length === arms.length) path.ways = ways
  return isLost(path, expression, type) ? undefined : path
}

/** Extensions of a primitive value stand beside it, where no way of ours leads. */
function isLost({ ways }: Path, expression: string, type: string): boolean {
  if (!expression.includes('extension')) return false
  if (!ways) return true
  return ways.some(({ steps }) =>
    steps.some(
      (step, at) =>
        step.kind === 'child' &&
        step.name === 'extension' &&
        datatypesAt(steps.slice(0, at), type).some(each => structureOf(each) === undefined),
    ),
  )
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
    return before && followed(before, compileCall('as', cast[1]?.trim() ?? ''))
  }
  const conditions = splitTop(text, ' and ')
  if (conditions.length > 1) return compileAll(conditions, type)
  const [head = '', ...rest] = splitTop(text, '.').map(step => step.trim())
  let arm = firstStep(head, type)
  for (const step of rest) arm = arm && followed(arm, compileStep(step))
  const system = /^[A-Z]/.test(head) ? systemAt(rest, type) : undefined
  if (!arm || !system) return arm
  return {
    ...followed(arm, { move: found => found.map(one => ({ ...one, system })), steps: [] }),
    system,
  }
}

function followed(arm: Arm, next: Arm): Arm
function followed(arm: Arm, next: Arm | undefined): Arm | undefined
function followed(arm: Arm, next: Arm | undefined): Arm | undefined {
  return (
    next && {
      move: found => next.move(arm.move(found)),
      ...(arm.steps && next.steps ? { steps: [...arm.steps, ...next.steps] } : {}),
    }
  )
}

/** Conditions that all must hold: `a.exists()`, or `a != literal`, which no value fails that is of another type. */
function compileAll(conditions: string[], type: string): Arm | undefined {
  const all: ((found: Found[]) => boolean)[] = []
  for (const condition of conditions) {
    const [left = '', literal] = splitTop(condition, '!=').map(part => part.trim())
    const arm = compileArm(unwrap(left), type)
    if (!arm || (literal === undefined && !left.endsWith('.exists()'))) return undefined
    if (literal !== undefined && literal !== 'true' && literal !== 'false') return undefined
    all.push(found => arm.move(found).every(({ value }) => String(value) !== (literal ?? 'false')))
  }
  return { move: found => [{ value: all.every(holds => holds(found)), type: 'boolean' }] }
}

/** The system of the codes at the end of a way, where the binding of that element implies one. */
function systemAt(steps: string[], type: string): string | undefined {
  let shape = type
  let codes: string | undefined
  for (const step of steps) {
    if (/^(?:where|first)\(/.test(step)) continue
    const name = /^[a-z][A-Za-z]*(?=$|\[)/.exec(step)?.[0]
    const element = name === undefined ? undefined : elementAt(shape, name)
    if (!element) return undefined
    const own = `${shape}.${name}`
    shape = element.content ?? (structureOf(own) ? own : (element.types[0] ?? ''))
    codes = element.choice ? undefined : element.codes
  }
  return codes && systemOf(codes)
}

const stay: Arm = { move: found => found, steps: [] }

function firstStep(step: string, type: string): Arm | undefined {
  if (step.startsWith('(')) {
    const inner = unwrap(step)
    return inner === step ? undefined : compileArm(inner, type)
  }
  // The resource itself: what is asked of it comes with the next step.
  return /^[A-Z]/.test(step) ? stay : compileStep(step)
}

function compileStep(step: string): Arm | undefined {
  const call = /^([a-zA-Z]+)\((.*)\)$/.exec(step)
  if (call) return compileCall(call[1] ?? '', (call[2] ?? '').trim())
  const indexed = /^([a-z][A-Za-z]*)\[(\d+)\]$/.exec(step)
  if (indexed) {
    const move = child(indexed[1] ?? '')
    return { move: found => move(found).slice(Number(indexed[2]), Number(indexed[2]) + 1) }
  }
  if (step === '$this') return stay
  return /^[a-z][A-Za-z]*$/.test(step)
    ? { move: child(step), steps: [{ kind: 'child', name: step }] }
    : undefined
}

function compileCall(name: string, argument: string): Arm | undefined {
  switch (name) {
    case 'ofType':
    case 'as':
      return { move: ofType(argument), steps: [{ kind: 'type', type: argument }] }
    case 'first':
      return { move: found => found.slice(0, 1) }
    case 'exists':
      return argument === ''
        ? { move: found => [{ value: found.length > 0, type: 'boolean' }] }
        : undefined
    case 'extension': {
      const url = /^'([^']*)'$/.exec(argument)?.[1]
      if (url === undefined) return undefined
      return followed(
        { move: child('extension'), steps: [{ kind: 'child', name: 'extension' }] },
        filter(value => isObject(value) && value.url === url),
      )
    }
    case 'where':
      return compileWhere(argument)
    default:
      return undefined
  }
}

const filter = (holds: (value: unknown, around?: Around) => boolean): Arm => ({
  move: found => found.filter(({ value }) => holds(value)),
  steps: [{ kind: 'where', holds }],
})

function compileWhere(condition: string): Arm | undefined {
  const target = /^resolve\(\) is ([A-Za-z]+)$/.exec(condition)?.[1]
  if (target) return filter((value, around) => refersTo(value, target, around))
  const equality = /^([A-Za-z.]+)\s*=\s*'([^']*)'$/.exec(condition)
  if (!equality) return undefined
  const arm = compileArm(equality[1] ?? '')
  return arm && filter(one => arm.move([{ value: one }]).some(({ value }) => value === equality[2]))
}

/** What the address does not tell, Reference.type may. */
const refersTo = (value: unknown, type: string, around: Around | undefined): boolean =>
  isObject(value) && (typeAt(value.reference, around) ?? value.type) === type

function typeAt(reference: unknown, around: Around | undefined): string | undefined {
  if (typeof reference !== 'string') return undefined
  return reference.startsWith('#') ? around?.typeAt(reference) : parseReference(reference)?.type
}

const ofType =
  (type: string): Move =>
  found =>
    found.filter(one => isOf(one.type, type))

/** The keys a choice is written with, and their types; none where no element of this name is one. */
export const choicesOf = (name: string): ReadonlyMap<string, string> =>
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

/** RFC 6902, https://www.rfc-editor.org/rfc/rfc6902 */
import { type FhirError, invalid, issue, rejected } from '../error.ts'
import { isDecimal } from '../json.ts'
import { isObject, type Resource } from '../resource.ts'
import { count, defaultLimits, type PatchLimits, refuseMany } from './size.ts'
import { copyTree, isTree } from './tree.ts'

interface Operation {
  op: string
  path: string[]
  from: string[]
  value: unknown
  /** For diagnostics. */
  name: string
}

interface Root {
  root: unknown
  /** Size of all that was copied: a few copies of copies would fill the memory. */
  copied: number
  limits: PatchLimits
}
type Apply = (at: Root, operation: Operation) => void

const operations: Readonly<Record<string, Apply>> = {
  add: (at, operation) => add(at, operation.path, copyTree(operation.value), operation),
  remove: (at, operation) => void remove(at, operation.path, operation),
  replace(at, operation) {
    find(at, operation.path, operation)
    const key = operation.path.at(-1)
    const value = copyTree(operation.value)
    // In its place, so that keys keep their order.
    const parent = find(at, operation.path.slice(0, -1), operation) as Record<string, unknown>
    if (key === undefined) at.root = value
    else parent[key] = value
  },
  move(at, operation) {
    const { from, path } = operation
    if (path.length > from.length && from.every((step, index) => step === path[index]))
      throw invalid(`${operation.name}: a value cannot be moved into itself`)
    add(at, path, remove(at, from, operation), operation)
  },
  copy(at, operation) {
    const value = find(at, operation.from, operation)
    at.copied = count(value, at.limits, at.copied)
    add(at, operation.path, copyTree(value), operation)
  },
  test(at, operation) {
    if (!equal(find(at, operation.path, operation), operation.value))
      throw rejected([issue('processing', `${operation.name}: the test does not hold`)])
  },
}

export function jsonPatch(
  resource: Resource,
  body: unknown,
  limits: PatchLimits = defaultLimits,
): unknown {
  if (!Array.isArray(body)) throw invalid('a JSON Patch is an array of operations')
  refuseMany(body)
  const at: Root = { root: copyTree(resource), copied: 0, limits }
  for (const [index, item] of body.entries()) {
    const operation = readOperation(item, `operation ${index}`)
    operations[operation.op]?.(at, operation)
  }
  return at.root
}

const needsFrom = new Set(['move', 'copy'])
const needsValue = new Set(['add', 'replace', 'test'])

function readOperation(item: unknown, name: string): Operation {
  if (!isObject(item)) throw invalid(`${name}: must be an object`)
  const { op, path, from, value } = item
  if (typeof op !== 'string' || !Object.hasOwn(operations, op))
    throw invalid(`${name}: op must be one of ${Object.keys(operations).join(', ')}`)
  if (needsValue.has(op) && !Object.hasOwn(item, 'value'))
    throw invalid(`${name}: ${op} needs a value`)
  return {
    op,
    path: readPointer(path, `${name}: path`),
    from: needsFrom.has(op) ? readPointer(from, `${name}: from`) : [],
    value,
    name,
  }
}

/** RFC 6901 */
function readPointer(pointer: unknown, name: string): string[] {
  if (typeof pointer !== 'string' || (pointer !== '' && !pointer.startsWith('/')))
    throw invalid(`${name} must be a JSON Pointer such as /name/0/family`)
  if (/~(?![01])/.test(pointer)) throw invalid(`${name}: ~ must be written as ~0, / as ~1`)
  const steps = pointer.split('/').slice(1)
  return steps.map(step => {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~')
    if (key === '__proto__') throw invalid(`${name}: __proto__ is not an element`)
    return key
  })
}

const missing = (operation: Operation): FhirError =>
  rejected([issue('not-found', `${operation.name}: the path leads to nothing`)])

function child(value: unknown, key: string, operation: Operation): unknown {
  if (Array.isArray(value)) {
    const index = indexOf(key, value.length - 1)
    if (index === undefined) throw missing(operation)
    return value[index]
  }
  if (!isTree(value) || !Object.hasOwn(value, key)) throw missing(operation)
  return (value as Record<string, unknown>)[key]
}

function indexOf(key: string, last: number): number | undefined {
  if (!/^(0|[1-9]\d{0,9})$/.test(key)) return undefined
  return Number(key) <= last ? Number(key) : undefined
}

const find = (at: Root, path: string[], operation: Operation): unknown =>
  path.reduce((value, key) => child(value, key, operation), at.root)

function add(at: Root, path: string[], value: unknown, operation: Operation): void {
  const key = path.at(-1)
  if (key === undefined) {
    at.root = value
    return
  }
  const parent = find(at, path.slice(0, -1), operation)
  if (Array.isArray(parent)) {
    const index = key === '-' ? parent.length : indexOf(key, parent.length)
    if (index === undefined) throw missing(operation)
    parent.splice(index, 0, value)
  } else if (isObject(parent) && isTree(parent)) parent[key] = value
  else throw missing(operation)
}

function remove(at: Root, path: string[], operation: Operation): unknown {
  const key = path.at(-1)
  if (key === undefined)
    throw rejected([
      issue('processing', `${operation.name}: the resource itself cannot be removed`),
    ])
  const parent = find(at, path.slice(0, -1), operation)
  const value = child(parent, key, operation)
  if (Array.isArray(parent)) parent.splice(Number(key), 1)
  else delete (parent as Record<string, unknown>)[key]
  return value
}

/** Numbers are equal by value, as the RFC asks: 1.0 is 1. */
function equal(a: unknown, b: unknown): boolean {
  if (isDecimal(a) || isDecimal(b))
    return isDecimal(a) && isDecimal(b) && numberOf(a) === numberOf(b)
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, n) => equal(item, b[n]))
  if (!isObject(a) || !isObject(b) || Array.isArray(b)) return a === b
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every(key => Object.hasOwn(b, key) && equal(a[key], b[key]))
  )
}

/** Sign, digits without zeros at the ends, and the power of ten: exact for any length. */
function numberOf(value: number | RawJSON): string {
  const text = typeof value === 'number' ? String(value) : value.rawJSON
  const [, sign = '', whole = '', fraction = '', power = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  const digits = (whole + fraction).replace(/^0+/, '')
  const trimmed = digits.replace(/0+$/, '')
  if (trimmed === '') return '0'
  return `${sign}${trimmed}e${Number(power) - fraction.length + digits.length - trimmed.length}`
}

/** Functions that are ours, beside those of the package or instead of them. */
import { isResourceType } from '../definitions.ts'
import { parseReference } from '../reference.ts'
import { isObject } from '../resource.ts'
import type { Meter } from './meter.ts'
import { dataOf, fhirpath, type OwnFunction, type Scope } from './package.ts'
import type { Around } from './path.ts'
import { patternOf } from './patterns.ts'

/** What an evaluation goes by; it stands among the variables, by a name that no expression may have. */
export interface Evaluation {
  meter: Meter
  root: Record<string, unknown>
  around: Around | undefined
  /** A resource as the package reads it. */
  exactly(resource: Record<string, unknown>): Record<string, unknown>
}

export const evaluationOf = ({ vars }: Scope): Evaluation => vars.evaluation as Evaluation

/** Values go through, and are told to the meter. */
const told = (tell: (meter: Meter, values: unknown[]) => void): OwnFunction => ({
  arity: { 0: [] },
  internalStructures: true,
  fn(input) {
    tell(evaluationOf(this).meter, input)
    return input
  },
})

/** Of one text; nothing where there is none. */
const ofText = (
  types: string[],
  work: (text: string, given: string[], meter: Meter) => unknown,
): OwnFunction => ({
  arity: { [types.length]: types, ...(types.length === 1 ? { 0: [] } : {}) },
  internalStructures: true,
  fn(input, ...given) {
    const [one, ...others] = input.map(dataOf)
    if (one === undefined || one === null) return []
    if (typeof one !== 'string' || others.length > 0) throw new Error('one text is expected')
    if (given.some(each => typeof each !== 'string')) return []
    return work(one, given, evaluationOf(this).meter)
  },
})

export const ownFunctions: Readonly<Record<string, OwnFunction>> = {
  compared: told((meter, values) => meter.compared(values)),
  repeated: told((meter, values) => meter.repeatedly(values)),
  walked: told((meter, values) => meter.walked(values)),
  short: told((meter, values) => meter.short(values)),
  unit: told((meter, values) => meter.unit(values)),
  factor: told((meter, values) => meter.factors(values)),
  /** One value is true, unless it is false. http://hl7.org/fhirpath/N1/#singleton-evaluation-of-collections */
  truth: {
    arity: { 0: [] },
    internalStructures: true,
    fn(input) {
      if (input.length > 1) throw new Error('one value is expected')
      // What has extensions only is there, and neither true nor false.
      const data = input.map(dataOf).filter(value => value !== null && value !== undefined)
      return data.map(value => value !== false)
    },
  },
  /** That of the package compares what it joins, and takes quantities that are nearly the same for one. */
  joined: {
    arity: { 1: ['AnyAtRoot'] },
    internalStructures: true,
    fn(input, others: unknown[]) {
      const known = new Set()
      return [...input, ...others].filter(one => {
        const { size } = known
        return known.add(dataOf(one) ?? one).size > size
      })
    },
  },
  resolve: {
    arity: { 0: [] },
    internalStructures: true,
    fn(input) {
      const { util, model } = fhirpath()
      return input
        .flatMap(value => targetsOf(dataOf(value), evaluationOf(this)))
        .flatMap(resource =>
          util.makeChildResNodes(
            this,
            { path: 'Bundle.entry', data: { resource } },
            'resource',
            model,
          ),
        )
    },
  },
  join: {
    arity: { 0: [], 1: ['String'] },
    internalStructures: true,
    fn(input, separator: unknown = '') {
      const texts = input.map(dataOf).filter(text => typeof text === 'string')
      if (typeof separator !== 'string') return []
      evaluationOf(this).meter.charge((separator.length * texts.length) / 8)
      return texts.length > 0 ? texts.join(separator) : []
    },
  },
  replace: ofText(['String', 'String'], (text, [old = '', other = ''], meter) => {
    const count = old === '' ? text.length + 1 : text.split(old).length - 1
    meter.charge((count * other.length) / 8)
    return text.replaceAll(old, () => other)
  }),
  split: ofText(['String'], (text, [separator = ''], meter) => {
    meter.charge(text.length)
    return text.split(separator)
  }),
  toChars: ofText([], (text, _, meter) => {
    meter.charge(text.length)
    return [...text]
  }),
  matches: ofText(['String'], (text, [pattern = ''], meter) =>
    machineOf(text, pattern, meter).matcher(text).find(),
  ),
  matchesFull: ofText(['String'], (text, [pattern = ''], meter) =>
    machineOf(text, pattern, meter).matches(text),
  ),
  replaceMatches: ofText(['String', 'String'], (text, [pattern = '', other = ''], meter) => {
    meter.charge((text.length * other.length) / 8)
    return machineOf(text, pattern, meter).matcher(text).replaceAll(other)
  }),
}

/** Each character goes through as many states as the pattern has. */
function machineOf(text: string, pattern: string, meter: Meter) {
  const machine = patternOf(pattern)
  meter.charge((text.length * machine.programSize()) / 20)
  return machine
}

/** What a reference says by itself: what it leads to here, or the type and id that it names. */
function targetsOf(data: unknown, { root, around, exactly }: Evaluation): unknown[] {
  const reference = isObject(data) ? data.reference : data
  const type = isObject(data) ? data.type : undefined
  if (typeof reference === 'string' && reference.startsWith('#')) {
    const inner = around?.containedAt(reference) ?? containedAt(root, reference)
    if (isObject(inner)) return [exactly(inner)]
    return stub(around?.typeAt(reference))
  }
  const parsed = typeof reference === 'string' ? parseReference(reference) : undefined
  return stub(parsed?.type ?? type, parsed?.id)
}

const stub = (type: unknown, id?: string): unknown[] =>
  typeof type === 'string' && isResourceType(type)
    ? [{ resourceType: type, ...(id === undefined ? {} : { id }) }]
    : []

const containedAt = ({ contained }: Record<string, unknown>, reference: string): unknown =>
  Array.isArray(contained)
    ? contained.find(one => isObject(one) && one.id === reference.slice(1))
    : undefined

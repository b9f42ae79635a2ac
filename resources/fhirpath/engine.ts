/**
 * Expressions that are beyond the compiler, evaluated by the package fhirpath. What it finds in a resource is given back as
 * it stands there, with all digits. Where an evaluation fails or takes too much there is no value.
 */
import { elementAt, hasElement, isTypeName, structureOf, systemOf } from '../definitions.ts'
import { decimalText } from '../json.ts'
import { isObject } from '../resource.ts'
import { nameIn, parseExpression } from './check.ts'
import { constants } from './functions.ts'
import { Meter } from './meter.ts'
import { type Evaluation, evaluationOf, ownFunctions } from './own-functions.ts'
import { type Ast, dataOf, digitsOf, fhirpath, isNode, type Node } from './package.ts'
import type { Around, Found, Path } from './path.ts'
import { rewrite } from './rewrite.ts'
import { computedValue } from './values.ts'

type Compiled = ReturnType<ReturnType<typeof fhirpath>['compile']>

interface Program {
  problem?: string
  /** The names that its arms begin with; '' where one begins with none. */
  leads: string[]
  /** Its arms, by what they are evaluated on: '' a resource. */
  compiled(on: string): Compiled[]
  /** Why it has no path there, by where. */
  problems: Map<string, string | undefined>
}

/** They are asked for again and again: parsing takes a millisecond. */
const programs = new Map<string, Program>()
const mostPrograms = 200

function programOf(expression: string): Program {
  let program = programs.get(expression)
  if (!program) {
    program = compile(expression)
    if (programs.size >= mostPrograms) programs.clear()
    programs.set(expression, program)
  }
  return program
}

function compile(expression: string): Program {
  const parsed = parseExpression(expression)
  const problems = new Map<string, string | undefined>()
  if ('problem' in parsed) return { ...parsed, leads: [], compiled: () => [], problems }
  const known = new Map<string, Compiled[]>()
  const arms = armsOf(parsed.tree)
  const texts = arms.map(rewrite)
  const compiled = (on: string): Compiled[] => {
    const all = known.get(on) ?? texts.map(text => compiledOn(on, text))
    known.set(on, all)
    return all
  }
  const constant = !arms.some(isReading)
  return {
    ...(constant ? { problem: 'expression is the same for every resource' } : {}),
    leads: arms.flatMap(leadsOf),
    compiled,
    problems,
  }
}

/** Those of the union that it is: values of one are not compared with those of another. */
function armsOf(node: Ast): Ast[] {
  const { type, children = [] } = node
  const [inner] = children
  if (type === 'UnionExpression') return children.flatMap(armsOf)
  const isAround =
    type === 'EntireExpression' ||
    type === 'ParenthesizedTerm' ||
    inner?.type === 'ParenthesizedTerm'
  return isAround && inner && children.length === 1 ? armsOf(inner) : [node]
}

/** Whether it goes by what it is evaluated on: by an element, or by a function that nothing stands before. */
function isReading({ type, text = '', children = [] }: Ast): boolean {
  if (type === 'MemberInvocation' || type === 'ThisInvocation') return true
  if (type === 'ExternalConstantTerm') return !Object.hasOwn(constants, text)
  if (type === 'InvocationTerm' && children[0]?.type === 'FunctionInvocation') return true
  return children.some(isReading)
}

function compiledOn(on: string, text: string): Compiled {
  const { compile, model } = fhirpath()
  return compile(on === '' ? text : { base: on, expression: text }, model, {
    resolveInternalTypes: false,
    preciseMath: true,
    userInvocationTable: ownFunctions,
    debugger(scope, _, result) {
      if (Array.isArray(result)) evaluationOf(scope).meter.found(result)
    },
  })
}

function leadsOf(node: Ast): string[] {
  const { type, text = '', children = [] } = node
  const [first] = children
  if (type === 'UnionExpression') return children.flatMap(leadsOf)
  if (type === 'MemberInvocation') return [nameIn(text)]
  const isCall = type === 'FunctionInvocation' || type === 'ExternalConstantTerm'
  return first && !isCall ? leadsOf(first) : ['']
}

/** Why there is no path; absent: there is one. `on`: the structure that it is evaluated on, where that is no resource. */
export function engineProblem(expression: string, type: string, on = ''): string | undefined {
  const program = programOf(expression)
  const where = `${type} ${on}`
  if (!program.problems.has(where)) program.problems.set(where, problemAt(program, type, on))
  return program.problems.get(where)
}

function problemAt(program: Program, type: string, on: string): string | undefined {
  const { problem, leads } = program
  if (problem !== undefined) return problem
  if (on !== '' && structureOf(on)?.kind === 'abstract')
    return 'expression is asked of elements of several types'
  const roots = ['', type, 'Resource', 'DomainResource']
  if (!leads.some(lead => roots.includes(lead) || hasElement(on || type, lead)))
    return `expression has no path on ${type}`
  const meter = new Meter()
  evaluate(program, on === '' ? { resourceType: type } : {}, { on, meter })
  return meter.spent > mostOfNothing
    ? 'expression takes too much, whatever it is asked of'
    : undefined
}

/** On a resource that has nothing. */
const mostOfNothing = 2000

/** The function of an expression on resources of a type; absent where it has none. */
export function compileByEngine(expression: string, type: string, on = ''): Path | undefined {
  if (engineProblem(expression, type, on) !== undefined) return undefined
  const program = programOf(expression)
  return (value, around) => evaluate(program, value, { on, around, meter: new Meter() })
}

interface Given {
  on: string
  meter: Meter
  around?: Around | undefined
}

function evaluate(
  program: Program,
  value: Record<string, unknown>,
  { on, meter, around }: Given,
): Found[] {
  const compiled = program.compiled(on)
  const originals = new WeakMap<object, object>()
  const exactly = (one: Record<string, unknown>) =>
    exact(one, originals, meter) as Record<string, unknown>
  const quiet = silence()
  try {
    const root = exactly(value)
    const evaluation: Evaluation = { meter, root, around, exactly }
    const resource = on === '' ? root : undefined
    const variables = { ...constants, resource, rootResource: resource, evaluation }
    return compiled.flatMap(arm => valuesOf(arm, root, variables, originals))
  } catch {
    return []
  } finally {
    quiet()
  }
}

/** An arm that fails has none. */
function valuesOf(
  arm: Compiled,
  root: Record<string, unknown>,
  variables: Record<string, unknown>,
  originals: WeakMap<object, object>,
): Found[] {
  try {
    return arm(root, variables).flatMap(one => foundBy(one, originals))
  } catch {
    return []
  }
}

/** The package tells of some things by the console, with values of the resource. */
function silence(): () => void {
  const { log, warn } = console
  const nothing = () => undefined
  Object.assign(console, { log: nothing, warn: nothing })
  return () => void Object.assign(console, { log, warn })
}

const perObject = 0.2

/** With decimals that the package computes with and that keep their digits. What holds none is the same. */
function exact(value: unknown, originals: WeakMap<object, object>, meter: Meter): unknown {
  if (JSON.isRawJSON(value)) return fhirpath().FP_Decimal.getDecimal(decimalText(value))
  if (typeof value !== 'object' || value === null) return value
  meter.charge(perObject)
  const parts = value as Record<string, unknown>
  let copy: Record<string, unknown> | undefined
  for (const key in parts) {
    const inner = parts[key]
    const other = exact(inner, originals, meter)
    if (other === inner) continue
    copy ??= (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>
    copy[key] = other
  }
  if (!copy) return value
  originals.set(copy, value)
  return copy
}

function foundBy(one: unknown, originals: WeakMap<object, object>): Found[] {
  if (!isNode(one)) return computedValue(isObject(one) ? (originals.get(one) ?? one) : one)
  const data = dataOf(one)
  if (data === null || data === undefined) return []
  if (digitsOf(data) !== undefined || typeof data === 'bigint')
    return typed(computedValue(data), one)
  const value = typeof data === 'object' ? (originals.get(data) ?? data) : data
  if (one.fhirNodeDataType === 'Extension') return valuesIn(value)
  return typed([{ value }], one)
}

/** Of an extension its value is meant. */
const valuesIn = (extension: unknown): Found[] =>
  Object.entries(isObject(extension) ? extension : {}).flatMap(([key, value]) => {
    const [, name] = /^value(.+)$/.exec(key) ?? []
    if (name === undefined) return []
    return [{ value, type: isTypeName(name) ? name : name[0]?.toLowerCase() + name.slice(1) }]
  })

function typed(found: Found[], node: Node): Found[] {
  const system = node.fhirNodeDataType === 'code' ? systemAt(node) : undefined
  return found.map(({ value }) => ({
    value,
    ...(node.fhirNodeDataType ? { type: node.fhirNodeDataType } : {}),
    ...(system === undefined ? {} : { system }),
  }))
}

/** The system that the binding of the element of a code implies. */
function systemAt({ parentResNode, propName }: Node): string | undefined {
  const codes = elementAt(parentResNode?.path ?? '', propName ?? '')?.codes
  return codes === undefined ? undefined : systemOf(codes)
}

/** What is used of the package fhirpath (https://github.com/HL7/fhirpath.js), which is read when it is needed first. */
import { createRequire } from 'node:module'

/** A node of an expression. */
export interface Ast {
  type: string
  text?: string
  /** Of a variable written as %`name`. */
  delimitedText?: string
  /** Of a quantity. */
  value?: string
  unit?: string
  start?: { line: number; column: number }
  children?: Ast[]
}

/** A value where it stands in a resource. */
export interface Node {
  data: unknown
  /** Its place by the definitions, or its datatype. */
  path: string | null
  fhirNodeDataType: string | null
  parentResNode: Node | null
  propName: string | null
}

/** What a function of ours is called on. */
export interface Scope {
  vars: Record<string, unknown>
}

export interface OwnFunction {
  fn(this: Scope, input: unknown[], ...given: never[]): unknown
  arity: Record<number, string[]>
  nullable?: boolean
  internalStructures: true
}

interface Options {
  resolveInternalTypes: false
  preciseMath: true
  userInvocationTable: Record<string, OwnFunction>
  debugger(scope: Scope, input: unknown, result: unknown, node: Ast): void
}

type Compiled = (value: unknown, variables: Record<string, unknown>) => unknown[]

interface Package {
  parse(expression: string): Ast
  evaluate(value: unknown, expression: string): unknown[]
  compile(
    expression: string | { base: string; expression: string },
    model: unknown,
    options: Options,
  ): Compiled
  FP_Decimal: {
    new (): { asStr: string }
    getDecimal(text: string): { asStr: string }
  }
  util: {
    valData(one: unknown): unknown
    makeChildResNodes(scope: Scope, parent: unknown, name: string, model: unknown): unknown[]
  }
}

interface Loaded extends Package {
  model: unknown
}

let loaded: Loaded | undefined

/** 100 ms and 9 MB, which most servers never need. */
export function fhirpath(): Loaded {
  if (!loaded) {
    const require = createRequire(import.meta.url)
    loaded = { ...(require('fhirpath') as Package), model: require('fhirpath/fhir-context/r4') }
  }
  return loaded
}

/** What a text in quotes says. */
export const textOf = (literal: string): string => String(fhirpath().evaluate({}, literal)[0])

/** What a value is, without its place. */
export const dataOf = (one: unknown): unknown => fhirpath().util.valData(one)

/** A value that stands in a resource; what is computed stands in none. */
export const isNode = (one: unknown): one is Node => one !== null && dataOf(one) !== one

/** The digits of a decimal; absent: it is none. */
export const digitsOf = (data: unknown): string | undefined =>
  data instanceof fhirpath().FP_Decimal ? data.asStr : undefined

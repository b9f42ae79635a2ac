/** Compares what searches find a newest version by with what they should. */
import type { Extract, Finding, Knowledge } from '../../../resources/store.ts'
import type { Values } from '../document.ts'
import { toVersion } from '../read.ts'
import { nameOfRows, valuesOf } from '../values.ts'
import { findingOn, type Group } from './versions.ts'

export interface Expected {
  extract: Extract
  findings: Finding[]
}

/** Undefined: there is nothing that could be looked at. */
export function inspectValues(group: Group, knowledge: Knowledge): Expected | undefined {
  const newest = group.versions.at(-1)
  const [first] = group.versions
  if (!newest?.body || !first) return undefined
  const extract = knowledge.extract(group.tenant, toVersion(newest))
  if (!extract) return undefined
  const unsure = knowledge.unsure(group.tenant).map(param => isOf(group.type, param))
  const isSure = (name: string) => !unsure.some(test => test(name))
  const wanted = namesIn(valuesOf(group.type, extract)).filter(isSure)
  const there = namesIn(newest).filter(isSure)
  const findings = [
    ...without(wanted, there).map(name => findingOn(group, `lacks a value: ${label(name)}`)),
    ...without(there, wanted).map(name => findingOn(group, `has a value too much: ${label(name)}`)),
  ]
  if (new Set(there).size < there.length) findings.push(findingOn(group, 'has a value twice'))
  if (newest.k !== (extract.date ?? first.at))
    findings.push(findingOn(group, 'has another place in clinical order than its date says'))
  return { extract, findings }
}

/** All that it is found by, each as one text that begins with its name. */
const namesIn = ({ x = [], d = [], q = [], g = [], has = [], w = [], text }: Partial<Values>) => [
  ...x,
  ...[...new Set([...d, ...q, ...g].map(({ p, ...rest }) => `${p}=${sorted(rest)}`))],
  ...has.map(param => `(element)=${param}`),
  ...w.map(word => `(word)=${word}`),
  ...(text ? [`(text)=${text.n ?? ''}\u0000${text.c ?? ''}`] : []),
]

const sorted = (value: object): string => JSON.stringify(Object.entries(value).sort())

const without = (some: string[], others: string[]): string[] => {
  const set = new Set(others)
  return some.filter(each => !set.has(each))
}

/** The parameter alone: a value may be a patient's. */
const label = (name: string): string => /^[^=|$]*/.exec(name)?.[0] ?? ''

/** Whether a value is of the rows of this name, or of a variant of it. */
const isOf = (type: string, param: string) => {
  const start = nameOfRows(type, param)
  return (name: string): boolean =>
    name.startsWith(start) && /[=|:$~]/.test(name[start.length] ?? '=')
}

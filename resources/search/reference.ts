/** https://hl7.org/fhir/R4/search.html#reference */
import { isResourceType } from '../definitions.ts'
import { invalid } from '../error.ts'
import { localOf, parseReference } from '../reference.ts'
import { isId, isObject } from '../resource.ts'
import { unescaped } from './escape.ts'
import { readParts } from './hierarchy.ts'
import { addLabel, readLabel } from './label.ts'
import { isCanonical } from './parse/canonical.ts'
import type { Predicate } from './query.ts'
import type { Container, Rows } from './rows.ts'
import { readToken, token } from './token.ts'
import type { Asked, Making, SearchType } from './type.ts'

/** What a reference row holds: `Patient/1` for what is here, or an address as it stands, both without a version. */
export function targetOf(text: string, base?: string): string | undefined {
  if (isPlain(text)) return text
  const local = parseReference(localOf(text, base))
  if (local?.form === 'relative') return `${local.type}/${local.id}`
  const form = parseReference(text.replace(/\|.*$/, ''))?.form
  return form === 'absolute' || form === 'urn' ? pathOf(text) : undefined
}

/** `Type/id`, as nearly all are. */
function isPlain(text: string): boolean {
  const cut = text.indexOf('/')
  if (cut < 0 || text.length - cut > 65 || !isResourceType(text.slice(0, cut))) return false
  for (let at = cut + 1; at < text.length; at++) {
    const code = text.charCodeAt(at) | 32
    const other = text.charCodeAt(at)
    const letter = code >= 97 && code <= 122
    if (!letter && !(other >= 48 && other <= 57) && other !== 45 && other !== 46) return false
  }
  return text.length > cut + 1
}

const pathOf = (text: string): string => text.replace(/\/_history\/[^/|]+$/, '')

/** Where the tokens of Reference.identifier stand. */
export const identifierRows = (param: string): string => `${param}:identifier`

/** A canonical is found by its address alone, and by that with the version it names. */
export function canonicalsOf(text: string): string[] {
  const cut = text.indexOf('|')
  return cut < 0 ? [text] : [text.slice(0, cut), text]
}

/** Where canonicals stand as they are, to be followed to who has them among their names. */
export const canonicalRows = (param: string): string => `${param}:canonical`

/** Where canonicals stand with each version that theirs is below of: 1.2.3 with 1, 1.2 and 1.2.3. */
const versionRows = (param: string): string => `${param}:below`

function addCanonical(text: string, { param, base }: Pick<Making, 'param' | 'base'>, rows: Rows) {
  const whole = text.replace(/#.*$/, '')
  if (!targetOf(whole)) return
  const add = (name: string, target: string | undefined) => {
    if (target) rows.add({ kind: 'reference', param: name, target })
  }
  add(canonicalRows(param), whole)
  for (const uri of canonicalsOf(whole)) {
    add(param, pathOf(uri))
    // The url of a resource may be its address, too.
    add(param, targetOf(uri, base()))
  }
  const cut = whole.indexOf('|') + 1
  if (cut > 0)
    for (let end = whole.indexOf('.', cut); ; end = whole.indexOf('.', end + 1)) {
      add(versionRows(param), end < 0 ? whole : whole.slice(0, end))
      if (end < 0) break
    }
}

/** `:below` on a canonical: with a version its parts, without one any. https://hl7.org/fhir/R4/search.html#versions */
function readVersions(value: string, asked: Asked): Predicate {
  const targets = readTargets(value, asked)
  const versioned = targets.some(target => target.includes('|'))
  const param = versioned ? versionRows(asked.param) : asked.param
  return { kind: 'reference', param, targets }
}

export const reference: SearchType = {
  collector({ param, base, ...making }) {
    const addIdentifier = token.collector({ ...making, base, param: identifierRows(param) })
    const add = (target: string | undefined, rows: Rows) => {
      if (target) rows.add({ kind: 'reference', param, target })
    }
    const types = making.facts.target
    const hold = (resource: unknown, container: Container, rows: Rows) => {
      if (!isObject(resource) || typeof resource.resourceType !== 'string') return
      const { resourceType: type } = resource
      if (types ? types.includes(type) : isResourceType(type))
        rows.held.push({ param, resource, container })
    }
    const addWithin = (reference: string, rows: Rows) => {
      if (reference === '#') return add(rows.container?.target, rows)
      if (!rows.around.closed) hold(rows.containedAt(reference), rows.around, rows)
    }
    return (value, rows, nature) => {
      if (typeof value === 'string') {
        if (value.startsWith('#')) addWithin(value, rows)
        else addCanonical(value, { param, base }, rows)
      } else if (isObject(value)) {
        if (typeof value.reference === 'string') {
          if (value.reference.startsWith('#')) addWithin(value.reference, rows)
          else add(targetOf(value.reference, base()), rows)
        }
        addLabel(value.display, param, rows)
        if (isObject(value.identifier)) addIdentifier?.(value.identifier, rows, nature)
        // What a Bundle holds instead of a reference.
        if (typeof value.resourceType === 'string') {
          if (typeof value.id === 'string') add(targetOf(`${value.resourceType}/${value.id}`), rows)
          hold(value, { contained: value.contained }, rows)
        }
      }
    }
  },
  modifiers: {
    '': (value, asked) => ({
      kind: 'reference',
      param: asked.param,
      targets: readTargets(value, asked),
    }),
    // An Identifier stands beside a reference, or in place of one.
    identifier: (value, { param, name }) => ({
      kind: 'token',
      param: identifierRows(param),
      ...readToken(value, name),
    }),
    text: readLabel,
    below: (value, asked) =>
      isCanonical(asked.facts)
        ? readVersions(value, asked)
        : readParts('below', readTargets(value, asked), asked),
    above: (value, asked) => readParts('above', readTargets(value, asked), asked),
  },
  known: ['missing', 'identifier', 'text', 'above', 'below'],
}

/** `[id]`, `[type]/[id]`, or an address; an id alone means each type the parameter may point to. */
export function readTargets(value: string, asked: Asked, modifier?: string): string[] {
  const { base, facts } = asked
  // A patient's rows may be those of `subject`, which has others than patients too.
  const only = facts.code === 'patient' ? 'Patient' : modifier
  if (only && modifier && modifier !== only) throw wrongType(asked, only)
  const text = unescaped(value)
  const types = only ? [only] : (facts.target ?? [])
  if (isId(text)) return types.map(type => `${type}/${text}`)
  const target = targetOf(text, base)
  if (!target) throw invalid(`${asked.name} takes an id, Type/id or a URL`)
  if (only && parseReference(target)?.type !== only) throw wrongType(asked, only)
  return [target]
}

const wrongType = ({ name }: Asked, only: string) =>
  invalid(`${name} takes references to ${only} only`)

/** `subject:Patient=1`: the modifier is a type. */
export const isTypeModifier = (modifier: string): boolean => isResourceType(modifier)

/** https://hl7.org/fhir/R4/search.html#reference */
import { isResourceType } from '../definitions.ts'
import { invalid } from '../error.ts'
import { localOf, parseReference, spellingsOf } from '../reference.ts'
import { isId, isObject } from '../resource.ts'
import type { Row } from '../store.ts'
import { unescaped } from './escape.ts'
import { readLabel } from './label.ts'
import { readToken } from './token.ts'
import type { Asked, SearchType } from './type.ts'

/** What a reference row holds: `Patient/1`, or an address as it stands, both without a version. */
export function targetOf(text: string): string | undefined {
  const parsed = parseReference(text)
  if (!parsed || parsed.form === 'fragment' || parsed.form === 'search') return undefined
  if (parsed.form === 'relative') return `${parsed.type}/${parsed.id}`
  return text.replace(/\/_history\/[^/]+$/, '').replace(/\|[^|]*$/, '')
}

/** A Reference, or a canonical. */
function targetsOf(value: unknown): string[] {
  const text = isObject(value) ? value.reference : value
  const target = typeof text === 'string' ? targetOf(text) : undefined
  return target ? [target] : []
}

export const reference: SearchType = {
  extractor:
    ({ code: param }) =>
    found =>
      found.flatMap(({ value }) =>
        targetsOf(value).map((target): Row => ({ kind: 'reference', param, target })),
      ),
  modifiers: {
    '': (value, asked) => ({
      kind: 'reference',
      param: asked.param,
      targets: readTargets(value, asked),
    }),
    // An Identifier stands beside a reference, or in place of one.
    identifier: (value, { param, name }) => ({
      kind: 'token',
      param: `${param}:identifier`,
      ...readToken(value, name),
    }),
    text: readLabel,
  },
  known: ['missing', 'identifier', 'text', 'above', 'below'],
}

/**
 * `[id]`, `[type]/[id]`, or an address; an id alone means each type the parameter may point to. What is here may be
 * referred to by its address too.
 */
export function readTargets(value: string, asked: Asked, modifier?: string): string[] {
  const { base, facts } = asked
  // A patient's rows may be those of `subject`, which has others than patients too.
  const only = facts.code === 'patient' ? 'Patient' : modifier
  if (only && modifier && modifier !== only) throw wrongType(asked, only)
  const local = localOf(unescaped(value), base)
  const types = only ? [only] : (facts.target ?? [])
  const names = isId(local) ? types.map(type => `${type}/${local}`) : [named(local, asked, only)]
  return names.flatMap(name => spellingsOf(name, base))
}

function named(text: string, asked: Asked, only: string | undefined): string {
  const target = targetOf(text)
  if (!target) throw invalid(`${asked.name} takes an id, Type/id or a URL`)
  if (only && parseReference(text)?.type !== only) throw wrongType(asked, only)
  return target
}

const wrongType = ({ name }: Asked, only: string) =>
  invalid(`${name} takes references to ${only} only`)

/** `subject:Patient=1`: the modifier is a type. */
export const isTypeModifier = (modifier: string): boolean => isResourceType(modifier)

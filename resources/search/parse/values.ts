/** The values of one parameter, with its modifier. https://hl7.org/fhir/R4/search.html#modifiers */
import type { SearchParameterFacts } from '../../definitions.ts'
import { invalid, unsupported } from '../../error.ts'
import { isId } from '../../resource.ts'
import { paramsOf, presenceOf, searchTypes } from '../../search.ts'
import { readDate } from '../date.ts'
import { isEscaped, splitEscaped, unescaped } from '../escape.ts'
import { hasParts } from '../hierarchy.ts'
import type { Predicate } from '../query.ts'
import { isTypeModifier, readTargets } from '../reference.ts'
import type { Asked } from '../type.ts'
import { utc } from '../zone.ts'
import { isCanonical } from './canonical.ts'
import { always, eitherOf, never } from './predicates.ts'
import type { Scope } from './scope.ts'

/** Modifiers that find what another one does not; a value is not needed for it. */
export const opposites: Readonly<Record<string, string>> = { not: '', 'not-in': 'in' }

interface One {
  /** As written, for diagnostics. */
  name: string
  modifier: string
  facts: SearchParameterFacts
}

/** All values of `name=a,b`, its escapes still in them. */
export function readValues(value: string, one: One, scope: Scope): Predicate {
  const { name, modifier, facts } = one
  if (value === '') throw invalid(`${name} is empty: give a value, or leave the parameter out`)
  if (modifier === 'missing') return readMissing(value, one, scope)
  const opposite = Object.hasOwn(opposites, modifier) ? opposites[modifier] : undefined
  if (opposite !== undefined && knows(facts, modifier)) {
    const not = readValues(value, { ...one, modifier: opposite }, scope)
    return { kind: 'not', not }
  }
  if (!isEscaped(value)) throw invalid(`${name}: a \\ stands before , | $ or another \\ only`)
  const values = splitEscaped(value, ',')
  scope.budget.spend(values, name)
  const read = readerOf(one, scope)
  return eitherOf(values.map(read))
}

function readMissing(value: string, { name, facts }: One, scope: Scope): Predicate {
  if (value !== 'true' && value !== 'false') throw invalid(`${name} takes true or false`)
  scope.budget.spend([value], name)
  const missing = value === 'true'
  // Every resource has these.
  if (facts.code === '_id' || facts.code === '_lastUpdated') return missing ? never : always
  const present = presenceOf(facts)
  return missing ? { kind: 'not', not: present } : present
}

type Reader = (value: string) => Predicate

function readerOf(one: One, scope: Scope): Reader {
  const { name, modifier, facts } = one
  const own = Object.hasOwn(ofStore, facts.code) ? ofStore[facts.code] : undefined
  if (own && modifier === '') return value => own(value, name, scope)
  const { type, options, lookups } = scope
  const asked = {
    type,
    facts,
    name,
    find: lookups.find,
    zone: options.zone ?? utc,
    ...(options.base ? { base: options.base } : {}),
    ...(options.now === undefined ? {} : { now: options.now }),
  }
  const read = modifierOf(one)
  const params = paramsOf(type, facts)
  const found: Reader = value => eitherOf(params.map(param => read(value, { ...asked, param })))
  if (
    facts.type !== 'reference' ||
    params.includes(facts.code) ||
    !besideReference.includes(modifier)
  )
    return found
  // Those rows do not say of what type the reference is: a patient's may stand among others of a `subject`.
  return value => ({ kind: 'and', all: [found(value), presenceOf(facts)] })
}

/** Modifiers that ask for what stands beside a reference. */
const besideReference = ['identifier', 'text']

/** What the store knows by itself. */
const ofStore: Readonly<Record<string, (value: string, name: string, scope: Scope) => Predicate>> =
  {
    _id(value, name) {
      const id = unescaped(value)
      if (!isId(id)) throw invalid(`${name} takes ids: 1 to 64 letters, digits, hyphens and dots`)
      return { kind: 'id', ids: [id] }
    },
    _lastUpdated: (value, name, { options }) =>
      eitherOf(readDate(value, { name, zone: utc, ...options }).map(updatedOf)),
  }

/** A version has one instant, so the ends of its range are the same. */
function updatedOf(bounds: ReturnType<typeof readDate>[number]): Predicate {
  const from = Math.max(bounds.lowFrom ?? -Infinity, bounds.highFrom ?? -Infinity)
  const to = Math.min(bounds.lowTo ?? Infinity, bounds.highTo ?? Infinity)
  return {
    kind: 'updated',
    ...(Number.isFinite(from) ? { from } : {}),
    ...(Number.isFinite(to) ? { to } : {}),
  }
}

/** The modifiers that work on a parameter. */
export function modifiersOf(facts: SearchParameterFacts): string[] {
  const own = Object.hasOwn(ofStore, facts.code)
  const known = searchTypes[facts.type]?.known ?? []
  const read = own ? [''] : Object.keys(searchTypes[facts.type]?.modifiers ?? {})
  const opposite = known.filter(each => read.includes(opposites[each] ?? each) && each in opposites)
  const able = ['missing', ...read, ...opposite].filter(each => each && isFor(each, facts))
  return known.filter(each => able.includes(each))
}

/** Only an identifier has a type of its own, and only what is part of others is below and above; a canonical is no more than a url with a version. */
function isFor(modifier: string, facts: SearchParameterFacts): boolean {
  if (modifier === 'of-type') return /identifier\b/i.test(facts.expression)
  if (facts.type !== 'reference') return true
  if (isCanonical(facts)) return !['identifier', 'text', 'above'].includes(modifier)
  const isOrder = modifier === 'below' || modifier === 'above'
  return !isOrder || Boolean(facts.target?.some(hasParts))
}

const knows = ({ type }: SearchParameterFacts, modifier: string): boolean =>
  searchTypes[type]?.known.includes(modifier) ?? false

/** Refuses a modifier that FHIR does not have for the type (400), or that is not here (422). */
function modifierOf({ name, modifier, facts }: One): (value: string, asked: Asked) => Predicate {
  const { type, code } = facts
  const modifiers = Object.hasOwn(ofStore, code) ? {} : (searchTypes[type]?.modifiers ?? {})
  const read = Object.hasOwn(modifiers, modifier) ? modifiers[modifier] : undefined
  if (read && isFor(modifier, facts)) return read
  if (type === 'reference' && isTypeModifier(modifier)) {
    if (facts.target?.length && !facts.target.includes(modifier))
      throw invalid(`${name}: ${code} does not refer to resources of type ${modifier}`)
    return (value, asked) => ({
      kind: 'reference',
      param: asked.param,
      targets: readTargets(value, asked, modifier),
    })
  }
  if (knows(facts, modifier))
    throw unsupported(`${name}: :${modifier} does not work on ${code}, which takes ${takes(facts)}`)
  throw invalid(`${name}: a ${type} parameter has no such modifier; ${code} takes ${takes(facts)}`)
}

const takes = (facts: SearchParameterFacts): string =>
  [...modifiersOf(facts), ...(facts.type === 'reference' ? ['[type]'] : [])]
    .map(each => `:${each}`)
    .join(', ')

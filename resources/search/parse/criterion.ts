/** One parameter of a search: its name with modifier, chain or `_has`, and its values. */
import { type FhirError, invalid } from '../../error.ts'
import { shown } from '../nearest.ts'
import type { Predicate } from '../query.ts'
import { readChain, readHas } from './chain.ts'
import { isOfWhole } from './controls.ts'
import type { Scope } from './scope.ts'
import { specials } from './specials.ts'
import { factsOf } from './unknown.ts'
import { readValues } from './values.ts'

export function readCriterion(name: string, value: string, scope: Scope): Predicate {
  if (name === '_has' || name.startsWith('_has:'))
    return readHas(name, { value, scope, read: readCriterion })
  const link = /^([^.:]*)(?::([^.:]*))?\.(.*)$/s.exec(name)
  if (link) {
    const [, code = '', target, rest = ''] = link
    if (isOfWhole(rest)) throw ofWhole(rest)
    return readChain({ code, target, rest }, { value, scope, read: readCriterion })
  }
  const cut = name.indexOf(':')
  const code = cut < 0 ? name : name.slice(0, cut)
  const modifier = cut < 0 ? '' : name.slice(cut + 1)
  if (modifier === '' && cut >= 0)
    throw invalid(`${shown(code, 'a parameter')} is followed by a : without a modifier`)
  const special = Object.hasOwn(specials, code) ? specials[code] : undefined
  if (special) return special(value, { modifier, scope })
  if (isOfWhole(code)) throw modifier ? invalid(`${code} takes no modifier`) : ofWhole(code)
  return readValues(
    value,
    { name: named(name, code), modifier, facts: factsOf(code, scope) },
    scope,
  )
}

/** A modifier that nobody knows may be anything, so it is not repeated. */
const named = (name: string, code: string): string => (/^[\w.:-]{1,60}$/.test(name) ? name : code)

const ofWhole = (code: string): FhirError =>
  invalid(`${code} is for the whole search, not for a chain`)

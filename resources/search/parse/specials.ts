/** Parameters of every resource that stand for more than values of an element. */
import { invalid, unsupported } from '../../error.ts'
import type { Predicate } from '../query.ts'
import { string } from '../string.ts'
import { readFilter } from './filter.ts'
import { readLists } from './lists.ts'
import { readQuery } from './queries.ts'
import type { Scope } from './scope.ts'
import { readWords } from './words.ts'

interface Place {
  modifier: string
  scope: Scope
}

const textual =
  (name: '_text' | '_content') =>
  (value: string, { modifier, scope }: Place): Predicate => {
    // R4 says that these are strings.
    if (string.known.includes(modifier))
      throw unsupported(`${name}: :${modifier} does not work on ${name}, which takes no modifier`)
    refuseModifier(name, modifier)
    return readWords(value, name, scope.budget)
  }

/** By name. https://hl7.org/fhir/R4/search.html#all */
export const specials: Readonly<Record<string, (value: string, place: Place) => Predicate>> = {
  _text: textual('_text'),
  _content: textual('_content'),
  _filter(value, { modifier, scope }) {
    refuseModifier('_filter', modifier)
    return readFilter(value, scope)
  },
  _query(value, { modifier, scope }) {
    refuseModifier('_query', modifier)
    return readQuery(value, scope)
  },
  _list(value, { modifier, scope }) {
    refuseModifier('_list', modifier)
    return readLists(value, scope)
  },
}

function refuseModifier(name: string, modifier: string): void {
  if (modifier) throw invalid(`${name} takes no modifier`)
}

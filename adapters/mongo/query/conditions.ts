/** What the values of a version must be like, for each kind of predicate that has rows. */
import type { Document } from 'mongodb'
import { tooCostly } from '../../../resources/error.ts'
import { fold } from '../../../resources/search/fold.ts'
import { longest, twinsOf, withinLength } from '../../../resources/search/long.ts'
import type {
  Bounds,
  Predicate,
  RowPredicate,
  StringMatch,
} from '../../../resources/search/query.ts'
import { pathsOf } from '../../../resources/search/uri.ts'
import {
  beside,
  labelName,
  referringTo,
  stringEntry,
  systemStart,
  tokenEntry,
  valueEntry,
} from '../values.ts'
import { type Entry, escaped, like, namesOf, oneOf, start, whole } from './names.ts'

/** A version has one of these entries, or an element of which all of one of these holds. */
export type Condition = { in: 'x'; any: Entry[] } | { in: 'd' | 'q' | 'g'; any: Document[] }

export function conditionOf(predicate: RowPredicate, types: string[]): Condition {
  switch (predicate.kind) {
    case 'token': {
      const { param, first, code, system } = predicate
      return { in: 'x', any: namesOf(types, param, first).map(name => token(name, code, system)) }
    }
    case 'codes': {
      const { param, codes, system } = predicate
      const names = namesOf(types, param)
      return { in: 'x', any: codes.flatMap(code => names.map(name => token(name, code, system))) }
    }
    case 'label': {
      const word = `=(?:[^${beside}]* )?${escaped(predicate.text)}`
      const names = types.map(type => ({ pattern: escaped(labelName(type, predicate.param)) }))
      return { in: 'x', any: names.map(name => like(name, word)) }
    }
    case 'reference': {
      const names = namesOf(types, predicate.param, predicate.first)
      return {
        in: 'x',
        any: names.flatMap(name =>
          predicate.targets.map(target => whole(name, valueEntry('', target))),
        ),
      }
    }
    case 'refers': {
      const all = types.flatMap(type =>
        predicate.targets.flatMap(target => referringTo(type, target)),
      )
      if (all.length > mostReferring)
        throw tooCostly('who refers to so many by any element is too much at once: lower _count')
      return { in: 'x', any: all }
    }
    case 'string': {
      // No text has it, and here it would be the end of one.
      if (predicate.text.includes(beside)) return { in: 'x', any: [] }
      const names = namesOf(types, predicate.param, predicate.first)
      return { in: 'x', any: names.map(name => text(name, predicate)) }
    }
    case 'uri': {
      const names = namesOf(types, predicate.param, predicate.first)
      return { in: 'x', any: names.flatMap(name => uri(name, predicate)) }
    }
    case 'date':
      return { in: 'd', any: elements(predicate, types) }
    case 'quantity': {
      const { system, unit } = predicate
      const measure = { ...are('s', system), ...are('u', unit) }
      return { in: 'q', any: elements(predicate, types).map(each => ({ ...each, ...measure })) }
    }
    case 'near': {
      const { param, latitude, metres } = predicate
      const slack = metres / degree
      const lat = { $gte: latitude - slack, $lte: latitude + slack }
      return { in: 'g', any: [{ p: oneOf(namesOf(types, param)), lat }] }
    }
  }
}

/** Entries of one command. */
const mostReferring = 100_000

/** Metres of one degree of latitude, the least there are. */
const degree = 110_000

type Name = Parameters<typeof whole>[0]

function token(name: Name, code: string | undefined, system: string | undefined): Entry {
  if (code === undefined) return start(name, system === undefined ? '|' : systemStart('', system))
  // In too many systems to look for it in each.
  if (system === undefined) return like(name, `\\|[^|]*\\|${escaped(code)}\\z`)
  return whole(name, tokenEntry('', system, code))
}

function text(name: Name, asked: { text: string; match: StringMatch }): Entry {
  switch (asked.match) {
    case 'starts':
      return start(name, valueEntry('', asked.text))
    case 'equals':
      return start(name, valueEntry('', asked.text) + beside)
    case 'exact':
      return whole(name, stringEntry('', fold(asked.text), asked.text))
    case 'contains':
      return like(name, `=[^${beside}]*${escaped(asked.text)}`)
    case 'ends':
      return like(name, `=[^${beside}]*${escaped(asked.text)}${beside}`)
  }
}

function uri(name: Name, { uri, match }: { uri: string; match: string }): Entry[] {
  if (match === 'exact') return [whole(name, valueEntry('', uri))]
  if (match === 'above') return pathsOf(uri).map(path => whole(name, valueEntry('', path)))
  const under = uri.endsWith('/') ? uri : `${uri}/`
  return [whole(name, valueEntry('', uri)), start(name, valueEntry('', under))]
}

/** Long values stand under twins of the parameter: see long.ts. */
function elements(
  predicate: Extract<Predicate, { kind: 'date' | 'quantity' }>,
  types: string[],
): Document[] {
  return twinsOf(predicate.param).map((param, twin) => {
    const { lowFrom, lowTo, highFrom, highTo }: Bounds<number | string> = withinLength(
      predicate,
      longest(twin),
    )
    return {
      p: oneOf(namesOf(types, param, predicate.first)),
      ...between('lo', lowFrom, lowTo),
      ...between('hi', highFrom, highTo),
    }
  })
}

function between(
  field: string,
  from: number | string | undefined,
  to: number | string | undefined,
): Document {
  if (from === undefined && to === undefined) return {}
  return {
    [field]: {
      ...(from === undefined ? {} : { $gte: from }),
      ...(to === undefined ? {} : { $lte: to }),
    },
  }
}

/** What is empty is not there. */
const are = (field: string, asked: string | undefined): Document =>
  asked === undefined ? {} : { [field]: asked === '' ? { $exists: false } : asked }

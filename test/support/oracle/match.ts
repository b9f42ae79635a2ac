/** Whether a value of a resource is what a parameter asks for, by the parameter's type. https://hl7.org/fhir/R4/search.html */
import {
  isResourceType,
  type SearchParameterFacts,
  systemOf,
} from '../../../resources/definitions.ts'
import { decimalText, isDecimal } from '../../../resources/json.ts'
import type { Resource } from '../../../resources/resource.ts'
import { type Node, select } from './expression.ts'
import { canonicalOf, ucum } from './units.ts'
import {
  comparesNumber,
  comparesSpan,
  type Decimal,
  decimalOf,
  folded,
  type Interval,
  metres,
  type Span,
  spanOf,
} from './values.ts'
import {
  destinationOf,
  isItem,
  listOf,
  NoOpinion,
  parameterOf,
  plain,
  referencesIn,
  split,
  textOf,
  valuesOf,
  type World,
} from './world.ts'

export interface Asked {
  world: World
  type: string
  facts: SearchParameterFacts
  modifier: string
  /** Of one that is within another. */
  container?: Resource | undefined
}

/** Whether one of the values, between commas, is found in the resource. */
export function finds(value: string, resource: Resource, asked: Asked): boolean {
  const { facts } = asked
  const nodes = valuesOf(resource, facts)
  switch (facts.type) {
    case 'composite':
      return findsComposite(value, resource, asked)
    case 'special':
      return findsNear(value, nodes)
    case 'uri': {
      const [uri = '', version] = split(value, '|')
      const own = (resource as unknown as { version?: unknown }).version
      if (version !== undefined && facts.code === 'url')
        return own === plain(version) && nodes.some(node => holds(uri, node, asked))
      return nodes.some(node => holds(value, node, asked))
    }
    default:
      return nodes.some(node => holds(value, node, asked))
  }
}

/** Whether one of the values in the resource is another. https://hl7.org/fhir/R4/search_filter.html#ops */
export const differs = (value: string, resource: Resource, asked: Asked): boolean =>
  valuesOf(resource, asked.facts).some(node => !holds(value, node, asked))

function holds(value: string, node: Node, asked: Asked): boolean {
  switch (asked.facts.type) {
    case 'number':
    case 'quantity':
      return holdsQuantity(value, node)
    case 'date':
      return holdsDate(value, node, asked)
    case 'string':
      return holdsString(value, node, asked)
    case 'token':
      return holdsToken(value, node, asked)
    case 'uri':
      return holdsUri(value, node, asked)
    case 'reference':
      return holdsReference(value, node, asked)
    case 'special':
      return findsNear(value, [node])
    default:
      throw new NoOpinion(asked.facts.type)
  }
}

export function prefixOf(value: string): [string, string] {
  const prefix = /^(eq|ne|gt|ge|lt|le|sa|eb|ap)/.exec(value)?.[0]
  return prefix ? [prefix, value.slice(2)] : ['eq', value]
}

const only = (modifier: string, ...able: string[]): void => {
  if (!able.includes(modifier)) throw new NoOpinion(`modifier ${modifier}`)
}

// Dates

export function spansOf({ value, type }: Node, zone: string): Span[] {
  if (typeof value === 'string') {
    const span = spanOf(value, zone)
    return span ? [type === 'instant' ? { start: span.start, end: span.start + 1 } : span] : []
  }
  if (!isItem(value)) return []
  const inner = (each: unknown): Span[] =>
    spansOf({ value: each, type: 'dateTime', shape: '' }, zone)
  if (type === 'Timing') {
    const bounds = isItem(value.repeat) ? value.repeat.boundsPeriod : undefined
    const all = [
      ...listOf(value.event).flatMap(inner),
      ...(bounds ? spansOf({ value: bounds, type: 'Period', shape: 'Period' }, zone) : []),
    ]
    if (all.length === 0) return []
    return [
      {
        start: Math.min(...all.map(({ start }) => start)),
        end: Math.max(...all.map(({ end }) => end)),
      },
    ]
  }
  if (type !== 'Period') return []
  const [from] = inner(value.start)
  const [to] = inner(value.end)
  return from || to ? [{ start: from?.start ?? -Infinity, end: to?.end ?? Infinity }] : []
}

function holdsDate(value: string, node: Node, { world, modifier }: Asked): boolean {
  only(modifier, '')
  const [prefix, text] = prefixOf(plain(value))
  const asked = spanOf(text.replace(/ (\d\d:\d\d)$/, '+$1'), world.zone)
  if (!asked) throw new NoOpinion(text)
  return spansOf(node, world.zone).some(span => comparesSpan(prefix, asked, span, world.now))
}

// Numbers and quantities

interface Amount extends Interval {
  system: string
  codes: string[]
  code: string
}

export function amountsOf({ value, type }: Node): Amount[] {
  const none = { system: '', codes: [], code: '' }
  if (isDecimal(value)) {
    const exact = decimalOf(decimalText(value))
    return exact ? [{ ...none, low: exact, high: exact }] : []
  }
  if (!isItem(value)) return []
  if (type === 'Range') {
    const [low] = amountsOf({ value: value.low, type: 'Quantity', shape: '' })
    const [high] = amountsOf({ value: value.high, type: 'Quantity', shape: '' })
    const some = low ?? high
    if (!some) return []
    const { system, codes, code } = some
    return [
      {
        system,
        codes,
        code,
        ...(low?.low ? { low: low.low } : {}),
        ...(high?.high ? { high: high.high } : {}),
      },
    ]
  }
  const exact = isDecimal(value.value) ? decimalOf(decimalText(value.value)) : undefined
  if (!exact) return []
  const comparator = textOf(value.comparator)
  const code = textOf(value.code) || textOf(value.currency)
  return [
    {
      system: value.currency ? 'urn:iso:std:iso:4217' : textOf(value.system),
      codes: [code, textOf(value.unit)].filter(Boolean),
      code,
      ...(comparator.startsWith('<') ? {} : { low: exact, lowOpen: comparator === '>' }),
      ...(comparator.startsWith('>') ? {} : { high: exact, highOpen: comparator === '<' }),
    },
  ]
}

function holdsQuantity(value: string, node: Node): boolean {
  const [number = '', system = '', code = ''] = split(value, '|').map(plain)
  const [prefix, digits] = prefixOf(number)
  const asked = decimalOf(digits)
  if (!asked) throw new NoOpinion(digits)
  // A unit that names no system may be one of UCUM, and is then converted too.
  const ucum = Boolean(code && canonicalOf(system || 'http://unitsofmeasure.org', code))
  return amountsOf(node).some(amount => {
    if (ucum && comparesInUnits(prefix, { asked, code }, amount)) return true
    if (system && (ucum || amount.system !== system)) return false
    // The unit that is read is of no system.
    if (code && !(system ? amount.code === code : amount.codes.includes(code))) return false
    return comparesNumber(prefix, asked, amount)
  })
}

/** In units of UCUM that can be converted: both sides in the base units, an ulp of tolerance apart. */
function comparesInUnits(
  prefix: string,
  { asked, code }: { asked: Decimal; code: string },
  amount: Amount,
): boolean {
  if (amount.system !== ucum) return false
  if (amount.code === code) return comparesNumber(prefix, asked, amount)
  const mine = canonicalOf(amount.system, code)
  const theirs = canonicalOf(amount.system, amount.code)
  if (!mine || !theirs || mine.unit !== theirs.unit) return false
  const convert = (end: Decimal | undefined): Decimal | undefined => {
    if (!end) return undefined
    const plainNumber = Number(`${end.units}e${end.power}`)
    return decimalOf(mine.fromBase(theirs.toBase(plainNumber)).toPrecision(12).replace('e+', 'e'))
  }
  const [low, high] = [convert(amount.low), convert(amount.high)]
  const { system: _, low: __, high: ___, ...rest } = amount
  return comparesNumber(prefix, asked, {
    ...rest,
    ...(low ? { low } : {}),
    ...(high ? { high } : {}),
  })
}

// Strings

const nameParts = ['text', 'family', 'given', 'prefix', 'suffix']
const addressParts = ['text', 'line', 'city', 'district', 'state', 'postalCode', 'country']

export function textsOf({ value, type }: Node): string[] {
  if (typeof value === 'string') return [value]
  if (!isItem(value)) return []
  const parts = type === 'HumanName' ? nameParts : type === 'Address' ? addressParts : []
  return parts.flatMap(part => listOf(value[part]).filter(each => typeof each === 'string'))
}

function holdsString(value: string, node: Node, { modifier }: Asked): boolean {
  only(modifier, '', 'contains', 'exact')
  const text = plain(value)
  return textsOf(node).some(each => {
    if (modifier === 'exact') return each === text
    return modifier === 'contains'
      ? folded(each).includes(folded(text))
      : folded(each).startsWith(folded(text))
  })
}

// Tokens

interface Code {
  system: string
  code: string
  loose: boolean
}

export function codesOf({ value, type, codes }: Node): Code[] {
  if (typeof value === 'string')
    return [{ system: (codes && systemOf(codes)) || '', code: value, loose: type === 'string' }]
  if (typeof value === 'boolean') return [{ system: '', code: String(value), loose: false }]
  if (isDecimal(value)) return [{ system: '', code: decimalText(value), loose: false }]
  if (!isItem(value)) return []
  if (type === 'CodeableConcept')
    return listOf(value.coding).flatMap(each =>
      codesOf({ value: each, type: 'Coding', shape: 'Coding' }),
    )
  const code = textOf(type === 'Coding' ? value.code : value.value)
  return [{ system: textOf(value.system), code, loose: false }].filter(
    each => each.system || each.code,
  )
}

function isCode(text: string, { system, code, loose }: Code): boolean {
  const [first = '', second] = split(text, '|').map(plain)
  const same = (asked: string) =>
    asked === code || (loose && asked.toLowerCase() === code.toLowerCase())
  if (second === undefined) return same(first)
  if (second === '') return system === first
  return system === first && same(second)
}

/** What people read beside a code. */
function labelsOf({ value, type }: Node): string[] {
  if (!isItem(value)) return []
  if (type === 'CodeableConcept')
    return [
      textOf(value.text),
      ...listOf(value.coding).map(each => textOf((each as Record<string, unknown>).display)),
    ]
  if (type === 'Identifier') return isItem(value.type) ? [textOf(value.type.text)] : []
  return [textOf(value.display)]
}

/** Where a word begins. */
const isLabelled = (node: Node, value: string): boolean =>
  labelsOf(node).some(
    label => label !== '' && ` ${folded(label)}`.includes(` ${folded(plain(value))}`),
  )

function holdsToken(value: string, node: Node, { modifier, facts }: Asked): boolean {
  // https://hl7.org/fhir/R4/search.html#mimetype
  if (modifier === 'below' && facts.expression.endsWith('.contentType')) {
    const base = (mime: string) => mime.split(';')[0]?.trim().toLowerCase()
    return codesOf(node).some(each =>
      isCode(base(value) ?? '', { ...each, code: base(each.code) ?? '' }),
    )
  }
  only(modifier, '', 'text', 'of-type', 'not')
  if (modifier === 'text') return isLabelled(node, value)
  if (modifier !== 'of-type') return codesOf(node).some(code => isCode(value, code))
  const [system = '', code = '', own = ''] = split(value, '|').map(plain)
  if (!isItem(node.value) || node.value.value !== own || !isItem(node.value.type)) return false
  return listOf(node.value.type.coding).some(
    each => isItem(each) && each.system === system && each.code === code,
  )
}

// Uris and references

const isUnder = (uri: string, root: string): boolean =>
  uri === root || uri.startsWith(root.endsWith('/') ? root : `${root}/`)

function holdsUri(value: string, { value: own }: Node, { modifier }: Asked): boolean {
  only(modifier, '', 'below', 'above')
  const [uri, asked] = [textOf(own), plain(value)]
  if (modifier === 'below') return isUnder(uri, asked)
  return modifier === 'above' ? isUnder(asked, uri) : uri === asked
}

/** Version 1 leads 1.0 and 1.1. https://hl7.org/fhir/R4/search.html#versions */
const leads = (asked: string | undefined, version = ''): boolean =>
  asked === undefined || version === asked || version.startsWith(`${asked}.`)

function holdsReference(
  value: string,
  node: Node,
  { facts, modifier, world, container }: Asked,
): boolean {
  if (modifier === 'identifier') {
    const identifier = isItem(node.value) ? node.value.identifier : undefined
    return codesOf({ value: identifier, type: 'Identifier', shape: '' }).some(code =>
      isCode(value, code),
    )
  }
  if (modifier === 'text') return isLabelled(node, value)
  const asked = destinationOf(plain(value), world.base)
  if (!asked) throw new NoOpinion(value)
  if (modifier === 'below' && node.type === 'canonical')
    return referencesIn(node).some(reference => {
      const there = destinationOf(reference, world.base)
      return there?.to === asked.to && leads(asked.version, there.version)
    })
  if (modifier !== '' && !isResourceType(modifier)) throw new NoOpinion(`modifier ${modifier}`)
  const types = modifier
    ? [modifier]
    : facts.code === 'patient'
      ? ['Patient']
      : (facts.target ?? [])
  const wanted = /^[A-Za-z0-9\-.]{1,64}$/.test(asked.to)
    ? types.map(type => `${type}/${asked.to}`)
    : [asked.to]
  return referencesIn(node).some(reference => {
    const there =
      reference === '#' && container
        ? { to: `${container.resourceType}/${container.id}`, version: undefined }
        : destinationOf(reference, world.base)
    if (!there || !wanted.includes(there.to)) return false
    return (
      node.type !== 'canonical' || asked.version === undefined || asked.version === there.version
    )
  })
}

// Composites and positions

/** All parts hold in one and the same element. */
function findsComposite(value: string, resource: Resource, asked: Asked): boolean {
  const { facts, type } = asked
  const parts = split(value, '$')
  const { components = [] } = facts
  return valuesOf(resource, facts).some(element =>
    components.every(({ code, expression }, index) => {
      const part = { ...asked, facts: parameterOf(type, code) }
      return select(expression, resource, element).some(node =>
        holds(parts[index] ?? '', node, part),
      )
    }),
  )
}

const units: Record<string, number> = {
  km: 1000,
  m: 1,
  cm: 0.01,
  '[mi_us]': 1609.347,
  '[mi_i]': 1609.344,
  mi: 1609.344,
}

/** Metres to a point `latitude|longitude`; undefined: the node is no position. */
export function metresTo(value: string, { value: position }: Node): number | undefined {
  if (!isItem(position) || !isDecimal(position.latitude) || !isDecimal(position.longitude))
    return undefined
  const [latitude = '', longitude = ''] = split(value, '|')
  return metres(
    [Number(decimalText(position.latitude)), Number(decimalText(position.longitude))],
    [Number(latitude), Number(longitude)],
  )
}

function findsNear(value: string, nodes: Node[]): boolean {
  const [, , distance = '', unit = ''] = split(value, '|')
  // Where no distance is said it is for the server to choose: ours is 50 km, whatever the unit.
  const size = units[distance === '' ? 'km' : unit || 'km']
  if (size === undefined) throw new NoOpinion(value)
  return nodes.some(node => (metresTo(value, node) ?? Infinity) <= Number(distance || '50') * size)
}

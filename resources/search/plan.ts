/**
 * How the values of one resource type are found: all expressions of its parameters as one tree, along which a resource is
 * walked once. On the way the text that people read and all references are gathered.
 */
import { choiceKey, type Element, type SearchParameterFacts, structureOf } from '../definitions.ts'
import { isOf, type Way } from '../fhirpath/path.ts'
import { compilePath } from '../fhirpath.ts'
import { isObject } from '../resource.ts'
import type { Rows } from './rows.ts'
import type { Collect, Nature } from './type.ts'
import { compileVisit, type Visit, visitOf } from './visit.ts'

/** A parameter and what to do with each of its values; without `collect` it is only to be known whether there is one. */
export interface Parameter {
  facts: SearchParameterFacts
  collect?: Collect | undefined
}

/** What a walk gathers. */
export interface Gathered {
  rows: Rows
  /** Which parameters have a value, by their places: see isMarked. */
  present: number[]
  /** What people read, as it stands. */
  texts: string[]
  narratives: string[]
  /** Reference.reference of what no parameter refers by. */
  references: string[]
}

interface Sink {
  place: number
  collect: Collect | undefined
  composite: boolean
  /** What is found are extensions: their values are meant. */
  extension: boolean
  system: string
  /** The rest of its way, which conditions stand on, and what is known at its end. */
  rest: { visit: Visit; nature: Nature } | undefined
}

/** A place on the ways of the parameters. */
interface Tree {
  sinks: Sink[]
  next: Map<string, { type: string | undefined; tree: Tree }[]>
}

/** A place in a resource: the shape of what stands there, and the ways that lead through it. */
interface Place {
  shape: string | undefined
  trees: Tree[]
  keys: Map<string, Move>
}

/** What is done with the values of one key. */
interface Move {
  sinks: Sink[]
  nature: Nature
  reads: 'text' | 'narrative' | 'reference' | undefined
  /** Where objects go on; `resource`: the type they name says where, and `copy`: it is not stored as itself. */
  place: Place | 'resource' | 'copy' | undefined
  /** Nothing here is looked for. */
  idle: boolean
}

const mostKeys = 200

/** 32 places a number. */
export const isMarked = (present: readonly number[], place: number): boolean =>
  ((present[place >> 5] ?? 0) & (1 << (place & 31))) !== 0

export const mark = (present: number[], place: number): void => {
  present[place >> 5] = (present[place >> 5] ?? 0) | (1 << (place & 31))
}

export class Plan {
  private readonly root: Place
  private readonly tree: Tree = { sinks: [], next: new Map() }
  /** Those whose ways need more than one value at once. */
  private readonly whole: { sink: Sink; find: NonNullable<ReturnType<typeof compileVisit>> }[] = []
  private readonly plain = new Map<string | undefined, Place>()

  constructor(type: string, parameters: readonly Parameter[]) {
    for (const [place, { facts, collect }] of parameters.entries()) {
      const sink = {
        place,
        collect,
        composite: facts.type === 'composite',
        extension: false,
        system: '',
        rest: undefined,
      }
      const ways = compilePath(facts.expression, type)?.ways
      if (ways)
        for (const way of ways)
          this.grow(way, { ...sink, extension: endsInExtension(way), system: way.system ?? '' })
      else {
        const find = compileVisit(facts.expression, type)
        if (find) this.whole.push({ sink, find })
      }
    }
    this.root = { shape: type, trees: [this.tree], keys: new Map() }
  }

  gather(rows: Rows): Gathered {
    const gathered: Gathered = {
      rows,
      present: [0, 0, 0],
      texts: [],
      narratives: [],
      references: [],
    }
    const { resource } = rows
    const nature = { system: '', datatype: '' }
    for (const sink of this.tree.sinks) take(sink, resource, nature, gathered)
    for (const { sink, find } of this.whole)
      find(
        resource,
        (value, type, system) => put(sink, value, natureOf(type, system), gathered),
        rows,
      )
    this.walk(resource, this.root, gathered)
    return gathered
  }

  private grow({ steps }: Way, sink: Sink): void {
    let { tree } = this
    for (let at = 0; at < steps.length; at++) {
      const step = steps[at]
      if (step?.kind === 'type') continue
      if (step?.kind !== 'child') {
        const rest = visitOf([{ steps: steps.slice(at) }])
        const nature = { system: sink.system, datatype: '' }
        tree.sinks.push({ ...sink, rest: { visit: rest, nature } })
        return
      }
      const after = steps[at + 1]
      tree = branchOf(tree, step.name, after?.kind === 'type' ? after.type : undefined)
    }
    tree.sinks.push(sink)
  }

  private walk(value: Record<string, unknown>, place: Place, gathered: Gathered): void {
    for (const key in value) {
      const move = place.keys.get(key) ?? this.learn(place, key)
      if (move.idle) continue
      const child = value[key]
      if (Array.isArray(child)) for (const item of child) this.item(item, move, gathered)
      else this.item(child, move, gathered)
    }
  }

  private item(value: unknown, move: Move, gathered: Gathered): void {
    if (value === null || value === undefined) return
    const { sinks, nature, reads, place } = move
    for (const sink of sinks) take(sink, value, nature, gathered)
    if (typeof value === 'string') {
      if (reads === 'text') gathered.texts.push(value)
      else if (reads === 'narrative') gathered.narratives.push(value)
      else if (reads === 'reference') gathered.references.push(value)
    } else if (place !== undefined && isObject(value)) {
      if (typeof place === 'object') this.walk(value, place, gathered)
      else {
        const { length } = gathered.references
        this.walk(value, this.placeOf(shapeOf(value)), gathered)
        // What a stored Bundle holds are copies: they hold nothing back.
        if (place === 'copy') gathered.references.length = length
      }
    }
  }

  /** A place that no parameter's way leads through: one for each shape. */
  private placeOf(shape: string | undefined): Place {
    let place = this.plain.get(shape)
    if (!place) {
      place = { shape, trees: [], keys: new Map() }
      this.plain.set(shape, place)
    }
    return place
  }

  private learn(place: Place, key: string): Move {
    const { name, type, element } = elementAt(place.shape, key)
    const sinks: Sink[] = []
    const trees: Tree[] = []
    for (const { next } of place.trees)
      for (const branch of next.get(name) ?? [])
        if (branch.type === undefined || isOf(type, branch.type)) {
          sinks.push(...branch.tree.sinks)
          if (branch.tree.next.size > 0) trees.push(branch.tree)
        }
    const datatype = type ?? element?.types[0] ?? ''
    const move: Move = {
      sinks,
      nature: { system: sinks.find(({ system }) => system)?.system ?? '', datatype },
      reads: readsOf(place.shape, key, datatype),
      place: this.after(place, { key, name, element, datatype, trees }),
      idle: false,
    }
    move.idle = sinks.length === 0 && move.reads === undefined && move.place === undefined
    // Keys that FHIR does not have are of any number.
    if (element || place.keys.size < mostKeys) place.keys.set(key, move)
    return move
  }

  private after(
    { shape }: Place,
    {
      key,
      name,
      element,
      datatype,
      trees,
    }: Omit<Named, 'type'> & { key: string; datatype: string; trees: Tree[] },
  ): Move['place'] {
    const own = `${shape}.${name}`
    const inner = element?.content ?? (structureOf(own) ? own : datatype)
    if (trees.length > 0) return { shape: inner, trees, keys: new Map() }
    // Beside a primitive value its id and extensions.
    if (key.startsWith('_')) return this.placeOf('Element')
    const kind = structureOf(inner)?.kind
    if (kind === 'abstract') return shape === 'Bundle.entry' ? 'copy' : 'resource'
    return kind && this.placeOf(inner)
  }
}

function branchOf(tree: Tree, name: string, type: string | undefined): Tree {
  const branches = tree.next.get(name) ?? []
  tree.next.set(name, branches)
  const known = branches.find(branch => branch.type === type)
  if (known) return known.tree
  const branch = { type, tree: { sinks: [], next: new Map() } }
  branches.push(branch)
  return branch.tree
}

function take(sink: Sink, value: unknown, nature: Nature, gathered: Gathered): void {
  const { rest } = sink
  if (rest) rest.visit(value, one => put(sink, one, rest.nature, gathered), gathered.rows)
  else put(sink, value, nature, gathered)
}

function put(sink: Sink, value: unknown, nature: Nature, gathered: Gathered): void {
  const { rows, present } = gathered
  const before = rows.all.length
  sink.collect?.(sink.extension ? valueIn(value) : value, rows, nature)
  // Of a composite the element is there in any resource, its values are not.
  if (!sink.composite || rows.all.length > before) mark(present, sink.place)
}

/** Whether a value is a text is not known when it is asked for, so its case counts. */
const natureOf = (type: string | undefined, system: string): Nature => ({
  system,
  datatype: type === undefined || type === 'string' ? '' : type,
})

const endsInExtension = ({ steps }: Way): boolean => {
  const last = steps.findLast(step => step.kind === 'child')
  return last?.kind === 'child' && last.name === 'extension'
}

/** Of an extension its value[x]. */
function valueIn(extension: unknown): unknown {
  if (isObject(extension))
    for (const key in extension) if (key.startsWith('value')) return extension[key]
  return undefined
}

interface Named {
  /** The element's name, without its type where it is a choice. */
  name: string
  /** The type of a choice. */
  type: string | undefined
  element: Element | undefined
}

function elementAt(shape: string | undefined, key: string): Named {
  const elements = shape === undefined ? undefined : structureOf(shape)?.elements
  if (!elements) return { name: key, type: undefined, element: undefined }
  if (Object.hasOwn(elements, key)) return { name: key, type: undefined, element: elements[key] }
  for (const [name, element] of Object.entries(elements))
    if (element.choice && key.startsWith(name))
      for (const type of element.types)
        if (choiceKey(name, type) === key) return { name, type, element }
  return { name: key, type: undefined, element: undefined }
}

/** Strings are read by people, unless they are what links things together. */
function readsOf(shape: string | undefined, key: string, datatype: string): Move['reads'] {
  if (shape === 'Reference' && key === 'reference') return 'reference'
  if (datatype === 'xhtml') return 'narrative'
  if (key === 'id') return undefined
  return datatype === 'string' || datatype === 'markdown' ? 'text' : undefined
}

const shapeOf = ({ resourceType }: Record<string, unknown>): string | undefined =>
  typeof resourceType === 'string' ? resourceType : undefined

const entities: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
  nbsp: ' ',
}

/** Tags that end no word. https://www.w3.org/TR/html401/sgml/dtd.html#inline */
const inline =
  /<\/?(?:a|abbr|acronym|b|bdo|big|cite|code|dfn|em|font|i|kbd|q|s|samp|small|span|strike|strong|sub|sup|tt|u|var)(?:\s[^<>]*)?>/gi

/** The text of a narrative. */
export const spoken = (html: string): string =>
  html
    .replace(inline, '')
    .replace(/<[^<>]*>/g, ' ')
    .replace(/&(?:#(\d{1,7})|#x([\da-fA-F]{1,6})|([a-z]{2,6}));/g, (whole, ten, hex, name) => {
      if (name) return entities[name] ?? whole
      const code = ten ? Number(ten) : Number.parseInt(hex, 16)
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole
    })

/**
 * Where a FHIRPath of a patch leads in the tree. Known are paths, indexers, first(), last(), where() with equalities
 * joined by and, ofType(), as() and extension(); an engine's results would not say where in the tree they stand.
 */
import { choiceKey, choiceTypes } from '../definitions.ts'
import { elementOf, shapeOf } from '../element.ts'
import { issue, rejected } from '../error.ts'
import { isDecimal } from '../json.ts'
import { isObject, type Resource } from '../resource.ts'
import { has, type List, lengthOf } from './value.ts'

/** A value and where it stands: `holder[key]`, or item `key` of `list`. The resource itself has neither. */
export interface Place {
  value: unknown
  /** Its datatype or structure, as far as the definitions tell. */
  shape: string
  holder?: Record<string, unknown>
  key?: string | number
  list?: List
}

const tokens = /\s*(?:([A-Za-z_][A-Za-z0-9_]*)|'((?:[^'\\]|\\.)*)'|(\d+(?:\.\d+)?)|([().[\]=,]))/y

type Token = { word?: string; text?: string; number?: string; mark?: string }

const refuse = (diagnostics: string) => rejected([issue('processing', diagnostics)])

function tokenize(path: string): Token[] {
  const list: Token[] = []
  tokens.lastIndex = 0
  while (tokens.lastIndex < path.trimEnd().length) {
    const match = tokens.exec(path)
    if (!match)
      throw refuse(
        "the path is not one this server understands: use elements, [index], first(), last(), where(a = 'b'), ofType(T) and extension('url')",
      )
    const [, word, text, number, mark] = match
    if (word !== undefined) list.push({ word })
    else if (text !== undefined) list.push({ text: text.replace(/\\(.)/g, '$1') })
    else if (number !== undefined) list.push({ number })
    else if (mark !== undefined) list.push({ mark })
  }
  return list
}

/** All places a path leads to, in order. */
export function findPlaces(resource: Resource, path: string): Place[] {
  const reader = new PathReader(tokenize(path))
  const { resourceType } = resource
  return reader.path([{ value: resource, shape: resourceType }], resourceType)
}

class PathReader {
  private readonly list: Token[]
  private at = 0

  constructor(list: Token[]) {
    this.list = list
  }

  path(start: Place[], type: string): Place[] {
    const places = this.steps(start, type)
    if (this.at < this.list.length) throw this.unknown()
    return places
  }

  private unknown() {
    return refuse(
      "the path is not one this server understands: use elements, [index], first(), last(), where(a = 'b'), ofType(T) and extension('url')",
    )
  }

  private take(mark: string): boolean {
    if (this.list[this.at]?.mark !== mark) return false
    this.at++
    return true
  }

  private expect(mark: string): void {
    if (!this.take(mark)) throw this.unknown()
  }

  private steps(start: Place[], type: string): Place[] {
    let places = start
    if (this.list[this.at]?.word === type) this.at++
    else places = this.step(places)
    for (;;) {
      if (this.take('[')) {
        const index = this.list[this.at++]?.number
        if (index === undefined) throw this.unknown()
        this.expect(']')
        places = places.slice(Number(index), Number(index) + 1)
      } else if (this.take('.')) places = this.step(places)
      else return places
    }
  }

  private step(places: Place[]): Place[] {
    const word = this.list[this.at++]?.word
    if (word === undefined) throw this.unknown()
    return this.take('(') ? this.call(word, places) : places.flatMap(place => children(place, word))
  }

  private call(name: string, places: Place[]): Place[] {
    if (name === 'first' || name === 'last') {
      this.expect(')')
      return name === 'first' ? places.slice(0, 1) : places.slice(-1)
    }
    if (name === 'extension') {
      const url = this.list[this.at++]?.text
      this.expect(')')
      return places
        .flatMap(place => children(place, 'extension'))
        .filter(({ value }) => isObject(value) && value.url === url)
    }
    if (name === 'ofType' || name === 'as') {
      const type = this.list[this.at++]?.word ?? ''
      this.expect(')')
      return places.filter(({ shape }) => shape === type)
    }
    if (name === 'where') return this.where(places)
    throw this.unknown()
  }

  private where(places: Place[]): Place[] {
    const from = this.at
    let end = from
    const kept = places.filter(place => {
      this.at = from
      const holds = this.conditions(place)
      end = this.at
      return holds
    })
    if (places.length === 0) {
      this.conditions({ value: {}, shape: '' })
      end = this.at
    }
    this.at = end
    this.expect(')')
    return kept
  }

  private conditions(place: Place): boolean {
    let holds = true
    do {
      const found = this.steps([place], '$this')
      this.expect('=')
      const wanted = this.literal()
      if (!found.some(({ value }) => sameLiteral(value, wanted))) holds = false
    } while (this.list[this.at]?.word === 'and' && ++this.at)
    return holds
  }

  private literal(): string | number | boolean {
    const token = this.list[this.at++]
    if (token?.text !== undefined) return token.text
    if (token?.number !== undefined) return Number(token.number)
    if (token?.word === 'true' || token?.word === 'false') return token.word === 'true'
    throw this.unknown()
  }
}

const sameLiteral = (value: unknown, wanted: string | number | boolean): boolean =>
  isDecimal(value) && typeof wanted === 'number'
    ? Number(typeof value === 'number' ? value : value.rawJSON) === wanted
    : value === wanted

function children(place: Place, name: string): Place[] {
  const object = objectAt(place)
  if (!object) return []
  const key = keyOf(object, name)
  if (key === undefined) return []
  const found = object[key]
  const known = elementOf(object === place.value ? place.shape : 'Element', key)
  const list = { object, name: key }
  if (![found, object[`_${key}`]].some(Array.isArray))
    return [{ value: found, shape: shapeOf(known, found), holder: object, key }]
  return Array.from({ length: lengthOf(list) }, (_, index) => {
    const value: unknown = Array.isArray(found) ? found[index] : undefined
    return { value, shape: shapeOf(known, value), key: index, list }
  })
}

/** Whose elements a step goes down to: of a primitive, those of what stands beside it. */
function objectAt({ value, holder, key, list }: Place): Record<string, unknown> | undefined {
  if (isObject(value) && !JSON.isRawJSON(value)) return value
  const besides = list?.object[`_${list.name}`]
  const beside = list ? Array.isArray(besides) && besides[Number(key)] : holder?.[`_${key}`]
  return isObject(beside) ? beside : undefined
}

/** `value` is `valueQuantity` where that is what is there; an element is there too where it has extensions only. */
export function keyOf(object: Record<string, unknown>, name: string): string | undefined {
  const keys = [name, ...choiceTypes(name).map(type => choiceKey(name, type))]
  return keys.find(key => Object.hasOwn(object, key)) ?? keys.find(key => has(object, key))
}

/** What extraction gathers of one resource. */
import type { Around } from '../fhirpath/path.ts'
import { isObject } from '../resource.ts'
import type { Row } from '../store.ts'

/** Beyond this many, a row that is there already is found by its key. */
const few = 40

/** What a resource that holds others is to them. https://hl7.org/fhir/R4/references.html#contained */
export interface Container {
  /** What `#id` leads to. */
  contained: unknown
  /** What `#` leads to: `Type/id`, where it is one that stands alone. */
  target?: string
  /** Only the types of what it contains are asked for, no rows of it. */
  closed?: boolean
}

/** What a parameter leads to within the resource itself. */
export interface Held {
  param: string
  resource: Record<string, unknown>
  container: Container
}

export class Rows implements Around {
  readonly all: Row[] = []
  readonly held: Held[] = []
  private keys: Set<string> | undefined
  private targets: Set<string> | undefined
  /** The resource the rows are of. */
  readonly resource: Record<string, unknown>
  /** What holds it; absent: it stands alone. */
  readonly container: Container | undefined

  constructor(resource: Record<string, unknown>, container?: Container) {
    this.resource = resource
    this.container = container
  }

  /** What `#` and `#id` mean in it. */
  get around(): Container {
    return this.container ?? containerOf(this.resource)
  }

  /** What `#id` leads to. */
  containedAt(reference: string): unknown {
    const { contained } = this.around
    return Array.isArray(contained) ? byId(contained).get(reference.slice(1)) : undefined
  }

  /** The type of what `#` or `#id` leads to. */
  typeAt(reference: string): string | undefined {
    if (reference === '#') return this.container?.target?.replace(/\/.*/, '')
    const found = this.containedAt(reference)
    return isObject(found) ? String(found.resourceType) : undefined
  }

  /** Each row once. */
  add(row: Row): void {
    if (this.all.length < few) {
      for (const other of this.all) if (other.param === row.param && isSame(other, row)) return
    } else {
      this.keys ??= new Set(this.all.map(keyOf))
      const key = keyOf(row)
      if (this.keys.has(key)) return
      this.keys.add(key)
    }
    this.all.push(row)
    if (row.kind === 'reference') this.targets?.add(row.target)
  }

  /** Whether a row of any parameter refers to it. */
  refersTo(target: string): boolean {
    if (this.all.length < few)
      return this.all.some(row => row.kind === 'reference' && row.target === target)
    this.targets ??= new Set(this.all.map(row => (row.kind === 'reference' ? row.target : '')))
    return this.targets.has(target)
  }
}

/** A resource that stands alone, to those that it contains. */
function containerOf({ resourceType, id, contained }: Record<string, unknown>): Container {
  return typeof id === 'string' ? { contained, target: `${resourceType}/${id}` } : { contained }
}

const known = new WeakMap<object, Map<unknown, unknown>>()

/** Thousands may refer to thousands: they are gone through once. Of several with one id it is the first. */
function byId(contained: unknown[]): Map<unknown, unknown> {
  let found = known.get(contained)
  if (!found) {
    found = new Map(
      contained
        .filter(isObject)
        .reverse()
        .map(one => [one.id, one]),
    )
    known.set(contained, found)
  }
  return found
}

const keyOf = (row: Row): string => {
  const { kind, param, first = '', ...rest } = row
  return [kind, param, first, ...Object.values(rest)].join('\u0000')
}

/** Of rows of the same parameter. */
function isSame(a: Row, b: Row): boolean {
  if (a.kind !== b.kind || a.first !== b.first) return false
  switch (a.kind) {
    case 'token':
      return b.kind === 'token' && a.code === b.code && a.system === b.system
    case 'string':
      return b.kind === 'string' && a.exact === b.exact && a.text === b.text
    case 'date':
      return b.kind === 'date' && a.low === b.low && a.high === b.high
    case 'quantity':
      return (
        b.kind === 'quantity' &&
        a.low === b.low &&
        a.high === b.high &&
        a.unit === b.unit &&
        a.system === b.system
      )
    case 'reference':
      return b.kind === 'reference' && a.target === b.target
    case 'uri':
      return b.kind === 'uri' && a.uri === b.uri
    case 'label':
      return b.kind === 'label' && a.text === b.text
    case 'position':
      return b.kind === 'position' && a.latitude === b.latitude && a.longitude === b.longitude
  }
}

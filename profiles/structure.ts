/** The basic checks that every write passes: what https://hl7.org/fhir/R4/json.html and the element definitions demand. */
import { isResourceType } from '../resources/definitions.ts'
import { type Issue, issue } from '../resources/error.ts'
import type { Validator } from '../resources/ports.ts'
import { localOf, parseReference, printPath } from '../resources/reference.ts'
import { isObject, type Resource } from '../resources/resource.ts'
import { isSafe } from './narrative.ts'
import { primitives } from './primitives.ts'
import { type Field, type Shape, shapeOf } from './shape.ts'

/** How many issues one answer names. */
const most = 50

/** Checks known elements, cardinality, primitive formats, required codes and the form of references. `base`: where this server is. */
export function createStructureValidator(
  base: () => string | undefined = () => undefined,
): Validator {
  return {
    validate(resource) {
      const check = new StructureCheck(base())
      check.root(resource)
      return check.issues
    },
  }
}

class StructureCheck {
  readonly issues: Issue[] = []
  /** The way to the element that is looked at; joined only where there is something to say. */
  private readonly path: (string | number)[] = []
  /** The types of what the resource that is looked at contains, by id. */
  private contained: ReadonlyMap<unknown, unknown> = new Map()
  /** Where this server is. */
  private readonly base: string | undefined

  constructor(base: string | undefined) {
    this.base = base
  }

  private say(code: Issue['code'], diagnostics: string, name?: string): void {
    if (this.issues.length >= most) return
    const expression = printPath(name === undefined ? this.path : [...this.path, name])
    this.issues.push(issue(code, diagnostics, expression))
  }

  root(resource: Resource): void {
    this.contained = containedOf(resource)
    this.resource(resource)
  }

  private resource(resource: Resource): void {
    const type = resource.resourceType
    if (typeof type !== 'string' || !isResourceType(type)) {
      this.say('structure', 'resourceType is missing or names no R4 resource', 'resourceType')
      return
    }
    const shape = shapeOf(type)
    const inside = this.path.length > 0
    if (!inside) this.path.push(type)
    if (shape) this.elements(resource, shape, true)
    if (!inside) this.path.pop()
  }

  private elements(object: Record<string, unknown>, shape: Shape, isResource: boolean): void {
    const choices: string[] = []
    let count = 0
    for (const key in object) {
      if (isResource && key === 'resourceType') continue
      count++
      const shadow = key.charCodeAt(0) === 95
      const field = shape.fields.get(shadow ? key.slice(1) : key)
      if (!field || (shadow && !field.primitive)) {
        const name = isName(key) ? key : undefined
        this.say('structure', `${name ?? 'a key'} is not an element here`, name)
        continue
      }
      if (field.choice && !(shadow && Object.hasOwn(object, field.name))) {
        if (choices.includes(field.choice))
          this.say('structure', `${field.choice}[x] may have one type only`, key)
        choices.push(field.choice)
      }
      this.path.push(field.name)
      if (shadow) this.shadow(object, field, key)
      else this.field(object[key], field, object)
      this.path.pop()
    }
    if (count === 0 && !isResource)
      this.say('structure', 'the object is empty: leave it out or give it content')
    this.required(object, shape)
  }

  private required(object: Record<string, unknown>, shape: Shape): void {
    for (const { name, keys } of shape.required)
      if (!keys.some(key => Object.hasOwn(object, key)))
        this.say('required', `${name} is missing: it is required here`, name)
  }

  private field(value: unknown, field: Field, object: Record<string, unknown>): void {
    if (!field.many) {
      if (Array.isArray(value))
        this.say('structure', `${field.name} does not repeat: give one value, not an array`)
      else this.value(value, field)
      return
    }
    if (!Array.isArray(value)) {
      this.say('structure', `${field.name} repeats: give an array, also for one value`)
      return
    }
    if (value.length === 0) this.say('structure', 'the array is empty: leave it out')
    if (field.name === 'contained') this.distinct(value)
    const shadow = field.primitive ? object[`_${field.name}`] : undefined
    for (let index = 0; index < value.length; index++) {
      this.path.push(index)
      const filled = Array.isArray(shadow) && isObject(shadow[index])
      if (value[index] !== null || !filled) this.value(value[index], field)
      this.path.pop()
    }
  }

  private value(value: unknown, field: Field): void {
    if (field.primitive) this.primitive(value, field)
    else if (!isObject(value) || JSON.isRawJSON(value))
      this.say('structure', `${field.name} must be an object${value === null ? ', not null' : ''}`)
    else if (field.type === 'Resource') this.inner(value, field)
    else this.complex(value, field)
  }

  private complex(value: Record<string, unknown>, field: Field): void {
    const shape = shapeOf(field.shape)
    if (shape) this.elements(value, shape, false)
    if (field.type === 'Reference') this.reference(value, field)
    else if (field.type === 'Extension') this.extension(value)
  }

  private primitive(value: unknown, field: Field): void {
    const primitive = primitives[field.type]
    if (value === null) this.say('structure', 'null is not a value: leave the element out')
    else if (primitive && !primitive.is(value))
      this.say('value', `${field.name} must be ${primitive.form} (${field.type})`)
    else if (field.codes && typeof value === 'string' && !field.codes.has(value))
      this.say('code-invalid', `${field.name} is not one of the codes it is bound to`)
    else if (field.type === 'xhtml' && typeof value === 'string' && !isSafe(value))
      this.say(
        'value',
        'the narrative must be XHTML without scripts, event attributes, forms or frames',
      )
  }

  /** The sibling of a primitive that holds its id and extensions. https://hl7.org/fhir/R4/json.html#primitive */
  private shadow(object: Record<string, unknown>, field: Field, key: string): void {
    const value = object[key]
    const shape = shapeOf('Element')
    if (!shape) return
    const one = (item: unknown) => {
      if (!isObject(item)) this.say('structure', `${key} must hold objects with id or extension`)
      else this.elements(item, shape, false)
    }
    if (!field.many) one(value)
    else if (!Array.isArray(value) || value.length === 0)
      this.say('structure', `${key} must be an array beside ${field.name}`)
    else this.shadows(value, object[field.name], { key, name: field.name, one })
  }

  private shadows(
    value: unknown[],
    plain: unknown,
    { key, name, one }: { key: string; name: string; one: (item: unknown) => void },
  ): void {
    for (let index = 0; index < value.length; index++) {
      this.path.push(index)
      if (value[index] !== null) one(value[index])
      else if (!Array.isArray(plain) || plain[index] === null || plain[index] === undefined)
        this.say('structure', `null in ${key} needs a value in ${name} at the same place`)
      this.path.pop()
    }
  }

  /** Two of one id, and nobody knows which a reference means. */
  private distinct(contained: unknown[]): void {
    const ids = contained.filter(isObject).flatMap(({ id }) => (typeof id === 'string' ? id : []))
    if (new Set(ids).size < ids.length)
      this.say('structure', 'contained resources need ids of their own, and two have the same')
  }

  private inner(value: Record<string, unknown>, field: Field): void {
    const contained = field.name === 'contained'
    if (contained && typeof value.id !== 'string')
      this.say('required', 'a contained resource needs an id', 'id')
    if (contained && Object.hasOwn(value, 'contained'))
      this.say('structure', 'a contained resource cannot contain others', 'contained')
    const around = this.contained
    if (!contained) this.contained = containedOf(value)
    this.resource(value as Resource)
    this.contained = around
  }

  private extension(value: Record<string, unknown>): void {
    const values = Object.keys(value).filter(key => /^_?value[A-Z]/.test(key)).length
    if (values > 0 && Array.isArray(value.extension))
      this.say('invariant', 'an extension has a value or extensions, not both')
    if (values === 0 && !Array.isArray(value.extension))
      this.say('invariant', 'an extension needs a value or extensions')
  }

  private reference(value: Record<string, unknown>, field: Field): void {
    const { reference, type } = value
    if (typeof reference !== 'string') return
    const parsed = parseReference(localOf(reference, this.base)) ?? parseReference(reference)
    if (!parsed) {
      this.say('value', 'the reference is none: give Type/id, a URL, a urn or #id', 'reference')
      return
    }
    const target = parsed.form === 'fragment' ? this.contained.get(reference.slice(1)) : parsed.type
    if (parsed.form === 'fragment' && reference !== '#' && target === undefined)
      this.say('invariant', 'nothing that the resource contains has this id', 'reference')
    if (typeof type === 'string' && target && isResourceType(type) && type !== target)
      this.say('value', 'type is not that of the reference', 'type')
    if (
      typeof target === 'string' &&
      field.targets &&
      !field.targets.has(target) &&
      parsed.form !== 'absolute'
    )
      this.say(
        'value',
        `${field.name} may refer to ${[...field.targets].join(', ')} only`,
        'reference',
      )
  }
}

const containedOf = ({ contained }: Record<string, unknown>): ReadonlyMap<unknown, unknown> =>
  new Map(
    (Array.isArray(contained) ? contained.filter(isObject) : []).map(one => [
      one.id,
      one.resourceType,
    ]),
  )

/** A name of the client's in an issue: only what could be an element's. */
const isName = (key: string): boolean => /^_?[A-Za-z][A-Za-z0-9]{0,63}$/.test(key)

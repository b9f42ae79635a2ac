/** Changes to JSON values at random places, by fast-check. */
import fc from 'fast-check'

type Tree = Record<string, unknown> | unknown[]

const nested = (depth: number, make: (inner: unknown) => unknown): unknown => {
  let value: unknown = 1
  for (let n = 0; n < depth; n++) value = make(value)
  return value
}

/** What is put where it does not belong. */
export const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    -1,
    1.5,
    1e308,
    '',
    ' ',
    'x',
    '\u0000',
    '😀',
    '\u202e',
    '0000-00-00',
    '9999-99-99T99:99:99Z',
    '2024-02-30',
    'http://',
    'urn:uuid:1',
    'Patient/',
    'Patient/1?',
    '#',
    '../../etc/passwd',
    "'; DROP TABLE resource; --",
    '<div><script>x</script></div>',
    [],
    {},
    [null],
    [[]],
    [{}],
    { toString: 1, valueOf: null },
    { length: -1 },
    { rawJSON: '1.00' },
    '2024-05-01',
    '2024-05-01T10:00:00+05:30',
    { text: 'x' },
    { value: 1.5, unit: 'x' },
    [{ system: 'x', value: 'y' }],
    { resourceType: 'Patient' },
    { reference: 'Patient/1' },
    { coding: [{ system: 1, code: {} }] },
    { value: {}, system: [], code: 5 },
    { start: [], end: {} },
  ),
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.integer({ min: 1, max: 90 }).map(depth => nested(depth, inner => [inner])),
  fc.integer({ min: 1, max: 45 }).map(depth => nested(depth, inner => ({ extension: [inner] }))),
  fc.integer({ min: 100, max: 2000 }).map(length => Array.from({ length }, () => ({ text: 'x' }))),
  fc.integer({ min: 100, max: 5000 }).map(length => 'a'.repeat(length)),
)

const oddKey = fc.constantFrom(
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '',
  '_',
  '_id',
  '_name',
  'id',
  'meta',
  'resourceType',
  'contained',
  'extension',
  'value',
  'valueQuantity',
  'valueDecimal',
  'subject',
  'identifier',
  'fullUrl',
  'div',
  'length',
  'प',
  'a'.repeat(300),
)

const step = fc.record({
  /** Which of the places below: by number, so that the same numbers fit any resource. */
  at: fc.nat(1000),
  way: fc.constantFrom('replace', 'delete', 'rename', 'wrap', 'add', 'double', 'swap', 'shadow'),
  junk,
  key: oddKey,
  to: fc.nat(1000),
})

/** Often one change only: what is wrong at many places is refused for the first. */
export const steps = fc.oneof(
  { arbitrary: fc.constant<Step[]>([]), weight: 1 },
  { arbitrary: fc.tuple(step), weight: 4 },
  { arbitrary: fc.array(step, { minLength: 2, maxLength: 5 }), weight: 3 },
)

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

function placesOf(value: unknown, found: [Tree, string][] = []): [Tree, string][] {
  if (typeof value === 'object' && value !== null)
    for (const key of Object.keys(value)) {
      found.push([value as Tree, key])
      if (found.length < 500) placesOf((value as Record<string, unknown>)[key], found)
    }
  return found
}

/** JSON.stringify shows a key __proto__ only where it is an own one. */
const put = (object: object, key: string, value: unknown): void => {
  if (Array.isArray(object) && !/^\d+$/.test(key)) {
    object.push(value)
    return
  }
  Object.defineProperty(object, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  })
}

const copy = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null))

/** Changes a JSON value at random places. */
export function mutate(value: unknown, changes: readonly Step[]): unknown {
  const root = { value: copy(value) }
  for (const { at, way, junk: given, key, to } of changes) {
    const thing = copy(given)
    const places = placesOf(root)
    const [object, name] = places[at % places.length] ?? [root, 'value']
    const [other, otherName] = places[to % places.length] ?? [root, 'value']
    const now = (object as Record<string, unknown>)[name]
    if (way === 'replace') put(object, name, thing)
    else if (way === 'delete') Reflect.deleteProperty(object, name)
    else if (way === 'wrap') put(object, name, [now])
    else if (way === 'double') put(object, name, [now, now])
    else if (way === 'swap') put(object, name, copy((other as Record<string, unknown>)[otherName]))
    else if (way === 'shadow') put(object, `_${name}`, thing)
    else if (way === 'add') put(typeof now === 'object' && now ? now : object, key, thing)
    else {
      Reflect.deleteProperty(object, name)
      put(object, key, now)
    }
  }
  return root.value
}

export const printed = (value: unknown): string => JSON.stringify(value) ?? 'null'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type App, startApp } from '../support/app.ts'
import { observation, patient, put, send } from '../support/make.ts'

/** What every object, array and function of JavaScript has without being given it. */
const inherited = [
  ...Object.getOwnPropertyNames(Object.prototype),
  ...['length', 'push', 'prototype', 'call'],
]

let app: App
beforeAll(async () => {
  app = await startApp()
  await put(app, patient({ id: 'a', name: [{ family: 'Rao' }], gender: 'female' }))
  await put(app, observation({ id: 'o', valueQuantity: { value: 1, unit: 'g' } }))
})
afterAll(() => app.close())

type Ask = (word: string) => PromiseLike<{ status: number }>

/** Each is as unknown as any other word of its form, so it is answered alike. */
async function expectAlike(ask: Ask) {
  const statusOf = async (word: string) => {
    const { status } = await ask(word)
    return status === 201 ? 200 : status
  }
  const [plain, underscored] = [await statusOf('foo'), await statusOf('__foo__')]
  const found: [string, number][] = []
  for (const word of inherited) found.push([word, await statusOf(word)])
  expect(found).toEqual(inherited.map(word => [word, word.startsWith('_') ? underscored : plain]))
}

const get = (path: string, headers: Record<string, string> = {}) =>
  app.request.get(`/fhir/${path}`).set(headers)

describe('the names that all objects inherit are no words of FHIR', () => {
  test.each<(word: string) => string>([
    word => word,
    word => `${word}/a`,
    word => `Patient/a/${word}`,
    word => `Patient/a/_history/${word}`,
    word => `$${word}`,
    word => `Patient/$${word}`,
    word => `Patient/a/$${word}`,
    word => `metadata?mode=${word}`,
    word => `metadata?${word}=x`,
    word => `?${word}=x`,
    word => `?_type=${word}`,
    word => `_history?${word}=x`,
    word => `Patient/a?${word}=x`,
    word => `Patient?${word}=x`,
    word => `Patient?${word}:exact=x`,
    word => `Patient?_${word}=x`,
    word => `Patient?name:${word}=x`,
    word => `Patient?gender:${word}=x`,
    word => `Patient?birthdate:${word}=2020`,
    word => `Patient?_id:${word}=a`,
    word => `Patient?organization:${word}=x`,
    word => `Patient?organization:${word}.name=x`,
    word => `Patient?organization.${word}=x`,
    word => `Patient?_has:${word}:patient:code=x`,
    word => `Patient?_has:Observation:${word}:code=x`,
    word => `Patient?_has:Observation:patient:${word}=x`,
    word => `Patient?_sort=${word}`,
    word => `Patient?_sort=_${word}`,
    word => `Patient?_sort=organization.${word}`,
    word => `Patient?_sort=organization:${word}.name`,
    word => `Patient?_elements=${word}`,
    word => `Patient/a?_elements=${word}`,
    word => `Patient/a?_elements=Patient.${word}`,
    word => `Patient/a?_summary=${word}`,
    word => `Patient?_summary=${word}`,
    word => `Patient?_total=${word}`,
    word => `Patient?_contained=${word}`,
    word => `Patient?_containedType=${word}`,
    word => `Patient?_list=${word}`,
    word => `Patient?_list=$${word}`,
    word => `Observation?_query=${word}`,
    word => `Patient?_count=${word}`,
    word => `Patient?_format=${word}`,
    word => `Patient?_format=application/${word}`,
    word => `Patient?_include=${word}`,
    word => `Patient?_include=${word}:patient`,
    word => `Observation?_include=Observation:${word}`,
    word => `Observation?_include=Observation:subject:${word}`,
    word => `Observation?_include:${word}=Observation:subject`,
    word => `Patient?_revinclude=${word}:subject`,
    word => `Patient?_revinclude=Observation:${word}`,
    word => `Patient?_filter=${word} eq x`,
    word => `Patient?_filter=name ${word} x`,
    word => `Patient?_filter=identifier eq ${word}|x`,
    word => `Patient?_filter=organization.${word} eq x`,
    word => `Observation?code=${word}`,
    word => `Observation?code=${word}|${word}`,
    word => `Patient?gender=${word}`,
    word => `Observation?code:in=${word}`,
    word => `Observation?code:in=ValueSet/${word}`,
    word => `Observation?code:in=http://example.org/${word}`,
    word => `Observation?code:in=x|${word}`,
    word => `Observation?code:not-in=${word}`,
    word => `Observation?code:below=${word}`,
    word => `Observation?code:below=${word}|${word}`,
    word => `Observation?code:above=${word}|${word}`,
    word => `Observation?value-quantity=1|http://unitsofmeasure.org|${word}`,
    word => `Observation?value-quantity=1||${word}`,
    word => `Observation?value-quantity=1|${word}|${word}`,
    word => `Observation?value-quantity=${word}`,
    word => `Observation?date=${word}`,
    word => `Observation?subject=${word}/a`,
    word => `Observation?subject:identifier=${word}|${word}`,
    word => `Observation?code-value-quantity=${word}$${word}`,
    word => `Location?near=1|1|1|${word}`,
    word => `ValueSet?url:below=${word}`,
    word => `Patient/a/Observation?${word}=x`,
    word => `Patient?identifier:of-type=${word}|${word}|${word}`,
  ])('%s', async path => {
    await expectAlike(word => get(path(word)))
  })

  test.each<[string, (word: string) => Record<string, string>]>([
    ['Accept', word => ({ Accept: `${word}/${word}` })],
    ['Accept', word => ({ Accept: word })],
    ['Prefer', word => ({ Prefer: `${word}=${word}` })],
    ['Prefer', word => ({ Prefer: `return=${word}` })],
    ['If-None-Match', word => ({ 'If-None-Match': word })],
    ['If-Modified-Since', word => ({ 'If-Modified-Since': word })],
    ['Accept-Encoding', word => ({ 'Accept-Encoding': word })],
    [
      'X-HTTP headers of these names',
      word => (word === '__proto__' ? {} : { [word === 'foo' ? 'X-Foo' : word]: 'x' }),
    ],
  ])('in the header %s', async (_, headers) => {
    await expectAlike(word => get('Patient/a', headers(word)))
  })

  test('as types of bodies', async () => {
    for (const before of ['', 'application/', 'application/json;', 'application/json;charset='])
      await expectAlike(word =>
        send(app, ['PUT', 'Patient/a'], patient({ id: 'a' }), { type: before + word }),
      )
  })
})

const definition = (more: object) => ({
  resourceType: 'SearchParameter',
  id: 'own',
  url: 'http://example.org/SearchParameter/own',
  name: 'own',
  status: 'active',
  description: 'for a test',
  code: 'own',
  base: ['Patient'],
  type: 'string',
  expression: 'Patient.name.family',
  ...more,
})

/** FHIRPath has functions of these names. */
const ofFhirPath = new Set(['toString', 'length'])

describe('nor are they in a body', () => {
  test.each<[string, string, (word: string) => object]>([
    ['resourceType', 'Patient/a', word => patient({ id: 'a', resourceType: word })],
    ['an id', 'Patient/a', word => patient({ id: word })],
    ['a code', 'Patient/a', word => patient({ id: 'a', gender: word })],
    ['a date', 'Patient/a', word => patient({ id: 'a', birthDate: word })],
    ['a reference', 'Patient/a', word => toOrganization(word)],
    ['the type of a reference', 'Patient/a', word => toOrganization(`${word}/1`)],
    ['a fragment', 'Patient/a', word => toOrganization(`#${word}`)],
    [
      'the type of what is contained',
      'Patient/a',
      word => patient({ id: 'a', contained: [{ resourceType: word, id: 'c' }] }),
    ],
    ['an extension', 'Patient/a', word => patient({ id: 'a', extension: [{ url: word }] })],
    [
      'system, code and unit',
      'Observation/o',
      word =>
        observation({
          id: 'o',
          code: { coding: [{ system: word, code: word, display: word }] },
          valueQuantity: { value: 1, system: 'http://unitsofmeasure.org', code: word, unit: word },
        }),
    ],
    ['an expression', 'SearchParameter/own', word => definition({ expression: word })],
    [
      'a step of an expression',
      'SearchParameter/own',
      word => definition({ expression: `Patient.${word}` }),
    ],
    [
      'a later step',
      'SearchParameter/own',
      word => definition({ expression: `Patient.name.${word}` }),
    ],
    [
      'a function of an expression',
      'SearchParameter/own',
      word => definition({ expression: `Patient.name.${ofFhirPath.has(word) ? 'foo' : word}()` }),
    ],
    [
      'a type of an expression',
      'SearchParameter/own',
      word => definition({ expression: `Patient.deceased.ofType(${word})` }),
    ],
    [
      'a condition of an expression',
      'SearchParameter/own',
      word => definition({ expression: `Patient.name.where(${word}='x').family` }),
    ],
    [
      'what a reference of an expression leads to',
      'SearchParameter/own',
      word =>
        definition({
          type: 'reference',
          expression: `Patient.managingOrganization.where(resolve() is ${word})`,
        }),
    ],
    ['base', 'SearchParameter/own', word => definition({ base: [word] })],
    ['type', 'SearchParameter/own', word => definition({ type: word })],
    [
      'target',
      'SearchParameter/own',
      word =>
        definition({
          type: 'reference',
          expression: 'Patient.managingOrganization',
          target: [word],
        }),
    ],
    [
      'component',
      'SearchParameter/own',
      word =>
        definition({
          type: 'composite',
          expression: 'Patient',
          component: [
            { definition: word, expression: word },
            { definition: `http://hl7.org/fhir/SearchParameter/${word}`, expression: word },
          ],
        }),
    ],
  ])('as %s', async (_, path, body) => {
    await expectAlike(word => send(app, ['PUT', path], body(word)))
  })

  test.each<[string, (word: string) => string]>([
    ['a resource', word => `"${word}":1`],
    ['a primitive', word => `"_gender":{"${word}":1}`],
    ['a datatype', word => `"name":[{"${word}":1}]`],
    ['a backbone element', word => `"contact":[{"${word}":1}]`],
    ['an extension', word => `"extension":[{"url":"x","value${word}":1}]`],
    ['a shadow', word => `"_${word}":{"id":"x"}`],
  ])('as a key of %s', async (_, element) => {
    for (const word of ['foo', ...inherited]) {
      const body = `{"resourceType":"Patient","id":"a",${element(word)}}`
      const { status } = await send(app, ['PUT', 'Patient/a'], body)
      // What would change the prototype is refused before it is looked at.
      expect([word, status]).toEqual([word, element(word).includes('"__proto__"') ? 400 : 422])
    }
  })

  test.each<[string, (word: string) => object]>([
    ['the type', word => ({ type: word })],
    ['an element', word => ({ type: 'batch', [`${word}x`]: 1 })],
    ['a method', word => batchOf({ method: word, url: 'Patient/a' })],
    ['an url', word => batchOf({ method: 'GET', url: word })],
    ['a condition', word => batchOf({ method: 'GET', url: 'Patient/a', ifNoneMatch: word })],
    ['a parameter', word => batchOf({ method: 'GET', url: `Patient?${word}=x` })],
  ])('as %s of a Bundle', async (_, more) => {
    const ask = async (word: string) => {
      const { status, body } = await send(app, ['POST', ''], {
        resourceType: 'Bundle',
        ...more(word),
      })
      const of = body.entry?.[0].response.status
      return { status: of ? Number.parseInt(of, 10) : status }
    }
    await expectAlike(ask)
  })

  test('as criteria', async () => {
    const create = (word: string) =>
      send(app, ['POST', 'Patient'], patient(), { headers: { 'If-None-Exist': `${word}=x` } })
    await expectAlike(create)
    await expectAlike(word => send(app, ['PUT', `Patient?name:${word}=x`], patient()))
    await expectAlike(word => send(app, ['DELETE', `Patient?_has:Observation:${word}:code=x`]))
  })
})

const toOrganization = (reference: string) =>
  patient({ id: 'a', managingOrganization: { reference } })

const batchOf = (request: object) => ({ type: 'batch', entry: [{ request }] })

describe('nor in a patch', () => {
  const patch = (type: string, body: unknown) =>
    send(app, ['PATCH', 'Patient/a'], body, { type: `application/${type}+json` })
  const parts = (...pairs: [string, string][]) => ({
    resourceType: 'Parameters',
    parameter: [
      {
        name: 'operation',
        part: pairs.map(([name, text]) => ({
          name,
          ...(name === 'value' ? { valueString: text } : { [codes[name] ?? 'valueString']: text }),
        })),
      },
    ],
  })
  const codes: Record<string, string> = { type: 'valueCode' }

  test('in JSON', async () => {
    await expectAlike(word => patch('json-patch', [{ op: word, path: '/name' }]))
    for (const path of ['', '/name', '/name/0', '/gender']) {
      await expectRefused(word => patch('json-patch', [{ op: 'remove', path: `${path}/${word}` }]))
      const add = (word: string) => ({ op: 'add', path: `${path}/${word}`, value: 'x' })
      await expectRefused(word => patch('json-patch', [add(word)]))
      await expectRefused(word => patch('json-patch', [add(`${word}/x`)]))
      const copy = (word: string) => ({ op: 'copy', from: `${path}/${word}`, path: '/gender' })
      await expectRefused(word => patch('json-patch', [copy(word)]))
    }
  })

  test('by merging', async () => {
    for (const value of ['1', '{"x":1}', '[1]']) {
      await expectRefused(word => patch('merge-patch', `{"${word}":${value}}`))
      await expectRefused(word => patch('merge-patch', `{"name":[{"${word}":${value}}]}`))
      await expectRefused(word => patch('merge-patch', `{"meta":{"${word}":${value}}}`))
    }
  })

  test('by FHIRPath', async () => {
    const at = (path: string) => parts(['type', 'replace'], ['path', path], ['value', 'x'])
    const add = (path: string, name: string) =>
      parts(['type', 'add'], ['path', path], ['name', name], ['value', 'x'])
    await expectRefused(word => patch('fhir', parts(['type', word], ['path', 'Patient'])))
    for (const path of ['Patient', 'Patient.name', 'Patient.name.family', 'Patient.gender']) {
      await expectRefused(word => patch('fhir', at(`${path}.${word}`)))
      await expectRefused(word => patch('fhir', at(`${path}.${word}()`)))
      await expectRefused(word => patch('fhir', at(`${path}.ofType(${word})`)))
      await expectRefused(word => patch('fhir', at(`${path}.where(${word} = 'x')`)))
      await expectRefused(word => patch('fhir', add(path, word)))
    }
    await expectRefused(word => patch('fhir', at(word)))
    await expectRefused(word => patch('fhir', parts(['type', 'add'], [word, 'x'])))
  })
})

async function expectRefused(ask: Ask) {
  const { status } = await ask('foo')
  expect(status).toBeGreaterThanOrEqual(400)
  for (const word of inherited) {
    const found = (await ask(word)).status
    expect([word, found >= 400 && found < 500 && found]).toEqual([
      word,
      // Refused for its name alone, before it is looked for.
      found === 400 ? 400 : status,
    ])
  }
}

describe('they may be names of what is stored', () => {
  const plain = inherited.filter(word => /^[a-z]+$/i.test(word))

  test('of search parameters', async () => {
    await put(app, patient({ id: 'a', name: [{ family: 'Rao' }] }))
    for (const word of plain)
      await put(app, definition({ id: word, url: `http://example.org/${word}`, code: word }))
    await app.server.reindex.idle()
    for (const word of plain)
      for (const path of [`${word}=rao`, `${word}:exact=Rao`, `_sort=${word}&_id=a`])
        expect([path, (await get(`Patient?${path}`)).body.entry?.length]).toEqual([path, 1])
    for (const word of plain) await send(app, ['DELETE', `SearchParameter/${word}`])
  })

  test('of value sets, code systems, and what they hold', async () => {
    for (const word of inherited) {
      const named = { id: 'named', url: word, status: 'active' }
      const concept = [{ code: word, concept: [{ code: 'inner' }] }]
      await put(app, { resourceType: 'CodeSystem', ...named, content: 'complete', concept })
      const include = [{ system: word }]
      await put(app, { resourceType: 'ValueSet', ...named, compose: { include } })
      await put(
        app,
        observation({ id: 'o', code: { coding: [{ system: word, code: word, display: word }] } }),
      )
      for (const path of [
        `code=${word}`,
        `code=${word}|${word}`,
        `code:in=${word}`,
        `code:below=${word}|${word}`,
        `code:text=${word}`,
      ])
        expect([path, (await get(`Observation?${path}`)).body.entry?.length]).toEqual([path, 1])
    }
  })

  test('of units and values', async () => {
    for (const word of inherited) {
      const valueQuantity = { value: 1, system: 'http://example.org', code: word, unit: word }
      await put(app, observation({ id: 'o', valueQuantity }))
      for (const path of [
        `value-quantity=1||${word}`,
        `value-quantity=1|http://example.org|${word}`,
      ])
        expect([path, (await get(`Observation?${path}`)).body.entry?.length]).toEqual([path, 1])
    }
  })
})

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { parseJson } from '../../resources/json.ts'
import type { Resource } from '../../resources/resource.ts'
import { type App, startApp } from '../support/app.ts'
import { canonical } from '../support/cases.ts'
import { examples, invalidExamples, readExample } from '../support/examples.ts'

let app: App
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

interface Answer {
  status: number
  text: string
  headers: Headers
}

/** As text: a JSON parser would lose what is looked for. */
async function call(
  method: string,
  path: string,
  body?: string,
  type = 'application/fhir+json',
): Promise<Answer> {
  const response = await fetch(`${app.url}/fhir${path ? `/${path}` : ''}`, {
    method,
    headers: { Accept: 'application/fhir+json', ...(body ? { 'Content-Type': type } : {}) },
    ...(body === undefined ? {} : { body }),
  })
  return { status: response.status, text: await response.text(), headers: response.headers }
}

/** Without what the server sets itself. */
function content(resource: Resource): string {
  const { meta, ...rest } = resource
  const { versionId: _, lastUpdated: _l, ...own } = meta ?? {}
  return canonical({ ...rest, ...(Object.keys(own).length ? { meta: own } : {}) })
}

const resourceOf = (text: string): Resource => parseJson(text) as Resource

describe('the official examples', () => {
  test('come back as they were sent, but those invalid as published', async () => {
    const valid = examples.filter(file => !Object.hasOwn(invalidExamples, file))
    const changed: string[] = []
    for (const file of valid) {
      const text = readExample(file)
      const sent = resourceOf(text)
      const name = `${sent.resourceType}/${sent.id}`
      const put = await call('PUT', name, text)
      const { status, text: read } = await call('GET', name)
      if (put.status !== 201) changed.push(`${file}: ${put.status} ${put.text.slice(0, 300)}`)
      else if (status !== 200 || content(resourceOf(read)) !== content(sent))
        changed.push(`${file}: ${status}`)
    }
    expect(changed).toEqual([])
    expect(valid.length).toBeGreaterThan(700)
  }, 60_000)

  test.each(examples.filter(file => Object.hasOwn(invalidExamples, file)))(
    '%s is invalid as published and answers 422',
    async file => {
      const text = readExample(file)
      const { resourceType, id } = resourceOf(text)
      expect((await call('PUT', `${resourceType}/${id}`, text)).status).toBe(422)
    },
  )
})

const digits = ['1.00', '0.010', '1e-7', '1E+3', '-0.0', '123456789012345678.012345678901', '100']
const measured = (id: string | undefined, more = '') =>
  `{"resourceType":"Observation",${id ? `"id":"${id}",` : ''}"status":"final","code":{"coding":[{"system":"http://loinc.org","code":"${id ?? 'x'}"}]},${more}"component":[${digits
    .map(text => `{"code":{"text":"x"},"valueQuantity":{"value":${text}}}`)
    .join(',')}]}`
const kept = (text: string): string[] =>
  [...text.matchAll(/"valueQuantity":\{"value":([^}]*)\}/g)].map(match => match[1] ?? '')

describe('decimals keep their text', () => {
  test('through create, and what it answers', async () => {
    const { status, text, headers } = await call('POST', 'Observation', measured(undefined))
    expect([status, kept(text)]).toEqual([201, digits])
    const path = new URL(headers.get('location') ?? '').pathname.slice('/fhir/'.length)
    expect(kept((await call('GET', path)).text)).toEqual(digits)
    expect(kept((await call('GET', path.replace(/\/_history.*/, ''))).text)).toEqual(digits)
  })

  test('through update, read, read of a version, history and search', async () => {
    await call('PUT', 'Observation/d1', measured('d1'))
    const put = await call(
      'PUT',
      'Observation/d1',
      measured('d1', '"issued":"2024-05-01T10:00:00Z",'),
    )
    expect([put.status, kept(put.text)]).toEqual([200, digits])
    for (const path of ['Observation/d1', 'Observation/d1/_history/1', 'Observation/d1/_history/2'])
      expect(kept((await call('GET', path)).text)).toEqual(digits)
    const history = await call('GET', 'Observation/d1/_history')
    expect(kept(history.text)).toEqual([...digits, ...digits])
    for (const query of ['_id=d1', 'code=http://loinc.org|d1', '_id=d1&_summary=data&_count=1'])
      expect(kept((await call('GET', `Observation?${query}`)).text)).toEqual(digits)
  })

  test('through pretty printing, and a part of the elements', async () => {
    await call('PUT', 'Observation/d2', measured('d2'))
    const pretty = await call('GET', 'Observation/d2?_pretty=true')
    expect(kept(pretty.text.replace(/\s+/g, ''))).toEqual(digits)
    expect(kept((await call('GET', 'Observation/d2?_elements=component')).text)).toEqual(digits)
  })

  test.each(['batch', 'transaction'])('through a %s', async type => {
    const id = `d-${type}`
    const entry = `{"resource":${measured(id)},"request":{"method":"PUT","url":"Observation/${id}"}}`
    const { status, text } = await call(
      'POST',
      '',
      `{"resourceType":"Bundle","type":"${type}","entry":[${entry},{"request":{"method":"GET","url":"Observation?_id=d2"}}]}`,
    )
    expect([status, text.match(/"status":"201/g)?.length]).toEqual([200, 1])
    expect(kept((await call('GET', `Observation/${id}`)).text)).toEqual(digits)
  })

  test('through the rewriting of references in a transaction', async () => {
    const urn = 'urn:uuid:c757873d-ec9a-4326-a141-556f43239520'
    const observation = measured('d3', `"subject":{"reference":"${urn}"},`)
    const bundle = `{"resourceType":"Bundle","type":"transaction","entry":[
      {"fullUrl":"${urn}","resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}},
      {"resource":${observation},"request":{"method":"PUT","url":"Observation/d3"}}]}`
    expect((await call('POST', '', bundle)).status).toBe(200)
    const { text } = await call('GET', 'Observation/d3')
    expect(text).toMatch(/"subject":\{"reference":"Patient\//)
    expect(kept(text)).toEqual(digits)
  })

  test.each([
    [
      'application/json-patch+json',
      '[{"op":"add","path":"/issued","value":"2024-05-01T10:00:00Z"}]',
    ],
    ['application/merge-patch+json', '{"issued":"2024-05-02T10:00:00Z"}'],
    [
      'application/fhir+json',
      '{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"add"},{"name":"path","valueString":"Observation"},{"name":"name","valueString":"issued"},{"name":"value","valueInstant":"2024-05-03T10:00:00Z"}]}]}',
    ],
  ])('through a patch of another element as %s', async (type, body) => {
    await call('DELETE', 'Observation/d4')
    await call('PUT', 'Observation/d4', measured('d4'))
    const patched = await call('PATCH', 'Observation/d4', body, type)
    expect([patched.status, kept(patched.text)]).toEqual([200, digits])
    const { text } = await call('GET', 'Observation/d4')
    expect(text).toContain('"issued":"2024-05-0')
    expect(kept(text)).toEqual(digits)
  })

  test('inside a stored Bundle and a contained resource', async () => {
    const contained = `{"resourceType":"Basic","id":"b1","code":{"text":"x"},"contained":[${measured('in')}]}`
    const bundle = `{"resourceType":"Bundle","id":"b1","type":"collection","entry":[{"resource":${measured('in')}}]}`
    await call('PUT', 'Basic/b1', contained)
    await call('PUT', 'Bundle/b1', bundle)
    expect(kept((await call('GET', 'Basic/b1')).text)).toEqual(digits)
    expect(kept((await call('GET', 'Bundle/b1')).text)).toEqual(digits)
  })
})

describe('everything else comes back as it was sent:', () => {
  const extension = '[{"url":"http://example.org/e","valueString":"x"}]'
  test.each([
    [
      'null in arrays of primitives',
      `"name":[{"given":["A",null,"C"],"_given":[null,{"extension":${extension}},null]}]`,
    ],
    [
      'extensions of a primitive without a value',
      `"_birthDate":{"id":"b","extension":${extension}}`,
    ],
    [
      'extensions before their primitive',
      `"_birthDate":{"extension":${extension}},"birthDate":"2000"`,
    ],
    [
      'contained resources',
      `"contained":[{"resourceType":"Organization","id":"o","name":"x"}],"managingOrganization":{"reference":"#o"}`,
    ],
    [
      'keys in an order of their own',
      `"gender":"male","active":true,"name":[{"given":["A"],"family":"B"}],"birthDate":"2000"`,
    ],
    ['letters beyond the first plane', `"name":[{"text":"😀 𝒳 👩‍⚕️"}]`],
    ['combining marks, not composed', `"name":[{"text":"Mu\u0308ller e\u0301 é"}]`],
    ['Devanagari', `"name":[{"family":"कुलकर्णी","given":["श्रीकृष्ण"]}]`],
    ['right to left', `"name":[{"text":"محمد"}]`],
    ['characters that JSON may escape', `"name":[{"text":"\\"\\\\ / \u2028 \u007f \u00a0"}]`],
    ['line breaks in a text', `"name":[{"text":"a\\n\\r\\tb"}]`],
    [
      'a narrative to the letter',
      `"text":{"status":"generated","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><p>&lt;a&gt; &#160;é</p></div>"}`,
    ],
    ['a meta of its own', `"meta":{"tag":[{"code":"x"}],"profile":["http://example.org/p"]}`],
    ['an id of an element', `"name":[{"id":"n-1","text":"x"}]`],
  ])('%s', async (_, elements) => {
    const sent = `{"resourceType":"Patient","id":"kept",${elements}}`
    expect((await call('PUT', 'Patient/kept', sent)).status).toBeLessThan(300)
    for (const path of ['Patient/kept', 'Patient/kept?_pretty=true']) {
      const { text } = await call('GET', path)
      expect(content(resourceOf(text))).toBe(content(resourceOf(sent)))
      const keys = Object.keys(resourceOf(text)).filter(key => key !== 'meta')
      expect(keys).toEqual(Object.keys(resourceOf(sent)).filter(key => key !== 'meta'))
    }
  })
})

test('what was stored at the limit of depth can be listed, shortened, changed and deleted', async () => {
  const wide = await startApp({ MAX_DEPTH: '100' })
  try {
    let extension: object = { url: 'http://example.org/e', valueString: 'x' }
    for (let level = 0; level < 48; level++)
      extension = { url: 'http://example.org/e', extension: [extension] }
    const deep = { resourceType: 'Patient', id: 'deep', extension: [extension] }
    const ask = async (method: string, path: string, body?: object) => {
      const answer = await fetch(`${wide.url}/fhir/${path}`, {
        method,
        headers: { 'Content-Type': 'application/fhir+json' },
        ...(body ? { body: JSON.stringify(body) } : {}),
      })
      return answer.status
    }
    expect(await ask('PUT', 'Patient/deep', deep)).toBe(201)
    for (const path of ['Patient?_pretty=true', 'Patient/deep/_history?_pretty=true'])
      expect([path, await ask('GET', path)]).toEqual([path, 200])
    expect(await ask('GET', 'Patient/deep?_elements=extension')).toBe(200)
    expect(await ask('PUT', 'Patient/deep', { ...deep, active: true })).toBe(200)
    expect(await ask('DELETE', 'Patient/deep')).toBe(204)
  } finally {
    await wide.close()
  }
})

import { describe, expect, test } from '@jest/globals'
import { createStructureValidator } from '../../profiles/structure.ts'
import { parseJson } from '../../resources/json.ts'
import type { Resource } from '../../resources/resource.ts'

const validator = createStructureValidator()
const check = (resource: object) => validator.validate(resource as Resource)
/** Each issue as `code at expression`. */
const found = (resource: object): string[] =>
  check(resource).map(({ code, expression }) => `${code} at ${expression?.join()}`)

const patient = (more: object) => ({ resourceType: 'Patient', ...more })
const extended = (value: object) =>
  patient({ extension: [{ url: 'http://example.org/e', ...value }] })

describe('a primitive', () => {
  const forms: Record<string, { right: unknown[]; wrong: unknown[] }> = {
    Boolean: { right: [true, false], wrong: ['true', 1, 0, {}] },
    Integer: {
      right: [0, -5, 2147483647, -2147483648],
      wrong: [1.5, 2147483648, -2147483649, '1', true],
    },
    UnsignedInt: { right: [0, 7], wrong: [-1, 1.5, '0'] },
    PositiveInt: { right: [1], wrong: [0, -1, '1'] },
    Decimal: { right: [0, 1.5, -1e-7], wrong: ['1.5', true, {}] },
    String: {
      right: ['x', ' x', ' ', '\r\n\t', 'a\nb\tc', 'पुणे 😀'],
      wrong: ['', '\u0000', 'a\u0001b', 'a\u001fb', 5, true, ['x']],
    },
    Markdown: { right: ['# x\n\n* y', '\n'], wrong: ['', 5] },
    Code: { right: ['a', 'a b', 'ä-1'], wrong: ['', ' a', 'a ', 'a  b', 'a\tb', 'a\u0000b', 5] },
    Id: {
      right: ['a', 'A-1.b', '1'.repeat(64)],
      wrong: ['', 'a_b', 'a b', '1'.repeat(65), 'ä', 5],
    },
    Uri: {
      right: ['http://example.org', 'urn:x', '#a', 'Patient/1', 'ä'],
      wrong: ['', 'a b', ' a', 'a\u0000b', 'urn:x\u001f', 5],
    },
    Url: { right: ['http://example.org', 'mailto:a@example.org'], wrong: ['', 'a b', 5] },
    Canonical: { right: ['http://example.org/a|1.0', '#a'], wrong: ['', 'a b', 5] },
    Oid: {
      right: ['urn:oid:1.2.3', 'urn:oid:2.0'],
      wrong: ['1.2.3', 'urn:oid:3.1', 'urn:oid:1.02', 'urn:oid:1', 5],
    },
    Uuid: {
      right: ['urn:uuid:c757873d-ec9a-4326-a141-556f43239520'],
      wrong: ['c757873d-ec9a-4326-a141-556f43239520', 'urn:uuid:c757873d', 5],
    },
    Date: {
      right: ['2024', '2024-05', '2024-02-29', '0001-01-01'],
      wrong: [
        '',
        '24',
        '2024-13',
        '2024-5',
        '2024-05-1',
        '2023-02-29',
        '2024-04-31',
        '2024-00',
        '0000',
        '2024-05-01T10:00:00Z',
        2024,
      ],
    },
    DateTime: {
      right: [
        '2024',
        '2024-05',
        '2024-05-01',
        '2024-05-01T10:00:00Z',
        '2024-05-01T10:00:00.123456+05:30',
        '2024-05-01T23:59:60Z',
        '2024-05-01T00:00:00-12:00',
        '2024-05-01T00:00:00+14:00',
      ],
      wrong: [
        '2024-05-01T10:00:00',
        '2024-05-01T10:00Z',
        '2024-05-01T24:00:00Z',
        '2024-05-01T10:60:00Z',
        '2024-05-01 10:00:00Z',
        '2024-05T10:00:00Z',
        '2024-02-30T10:00:00Z',
        '2024-05-01T10:00:00+14:30',
        '2024-05-01T10:00:00+05',
        '',
        5,
      ],
    },
    Instant: {
      right: ['2024-05-01T10:00:00Z', '2024-05-01T10:00:00.001+05:30'],
      wrong: ['2024-05-01', '2024', '2024-05-01T10:00:00', '2024-02-30T10:00:00Z', 5],
    },
    Time: {
      right: ['10:00:00', '23:59:59.123'],
      wrong: ['10:00', '24:00:00', '10:00:00Z', '1:00:00', 5],
    },
    Base64Binary: {
      right: ['AAAA', 'AA==', 'AAA=', 'AA\nAA', 'a+/='],
      wrong: ['', ' ', 'A', 'AAAAA', 'A===', 'A*AA', 'A=AA', 5],
    },
  }
  const cases = (side: 'right' | 'wrong') =>
    Object.entries(forms).flatMap(([type, form]) => form[side].map(value => [type, value] as const))

  test.each(cases('right'))('%s takes %j', (type, value) => {
    expect(found(extended({ [`value${type}`]: value }))).toEqual([])
  })

  test.each(cases('wrong'))('%s refuses %j', (type, value) => {
    const [issue, ...more] = check(extended({ [`value${type}`]: value }))
    expect(more).toEqual([])
    expect(issue?.expression).toEqual([`Patient.extension[0].value${type}`])
    expect(['value', 'structure']).toContain(issue?.code)
  })

  test('says how to write it right', () => {
    expect(check(patient({ birthDate: '1.1.1980' }))[0]?.diagnostics).toBe(
      'birthDate must be YYYY, YYYY-MM or YYYY-MM-DD (date)',
    )
  })

  test('of a megabyte is a string, one character more is none', () => {
    expect(
      found(patient({ implicitRules: 'x', language: 'en', name: [{ text: 'x'.repeat(1048576) }] })),
    ).toEqual([])
    expect(found(patient({ name: [{ text: 'x'.repeat(1048577) }] }))).toEqual([
      'value at Patient.name[0].text',
    ])
  })

  test('is a decimal with whatever digits, and an integer without a point', () => {
    const decimal = (text: string) =>
      parseJson(`{"resourceType":"Patient","extension":[{"url":"x","valueDecimal":${text}}]}`)
    for (const text of ['1.00', '1e-7', '123456789012345678901234567890'])
      expect(found(decimal(text) as object)).toEqual([])
    const integer = parseJson('{"resourceType":"Patient","multipleBirthInteger":1.0}') as object
    expect(found(integer)).toEqual(['value at Patient.multipleBirthInteger'])
  })

  test('takes a long text without delay, however it is made', () => {
    for (const value of [
      'a '.repeat(300_000),
      ' '.repeat(600_000),
      `${'A'.repeat(600_000)}*`,
      `A${' '.repeat(600_000)}*`,
    ])
      for (const type of ['Code', 'String', 'Uri', 'Base64Binary', 'DateTime', 'Oid'])
        found(extended({ [`value${type}`]: value }))
  })
})

describe('a narrative', () => {
  const text = (div: unknown) => patient({ text: { status: 'generated', div } })
  const at = ['value at Patient.text.div']
  test.each([
    '<div xmlns="http://www.w3.org/1999/xhtml"><p>Asha</p></div>',
    '<div>x</div>',
    ' <div\n>x</div> ',
    '<div/>',
    '<div><a href="http://example.org">x</a><img src="#p1"/></div>',
    '<div>one = 1, on time</div>',
    '<div><formula>x</formula></div>',
    '<div><p>pain onset = 2 days ago, once= 1</p></div>',
    '<div><p title="onset = today" class=\'on x=1\'>BP < 140, &lt;script&gt;</p></div>',
    '<div><!-- <b> --><br/><td nowrap>x</td><p style="color: red;">y</p></div>',
    '<div><a href="http://example.org?javascript:x">y</a></div>',
    '<div><data-x.y _z="1"/></div>',
  ])('%s is taken', div => {
    expect(found(text(div))).toEqual([])
  })
  test.each([
    '',
    'text',
    '<p>x</p>',
    '<div>x',
    '<div><script>alert(1)</script></div>',
    '<div><SCRIPT src="x"></SCRIPT></div>',
    '<div><p onclick="x()">y</p></div>',
    '<div><p ONLOAD = "x()">y</p></div>',
    '<div><a href="javascript:x()">y</a></div>',
    "<div><a href=' JavaScript:x()'>y</a></div>",
    '<div><img src="vbscript:x"/></div>',
    '<div><form action="x"></form></div>',
    '<div><iframe src="x"/></div>',
    '<div><object data="x"/></div>',
    '<div><embed src="x"/></div>',
    '<div><link href="x"/></div>',
    '<div><base href="x"/></div>',
    '<div><input/></div>',
    '<div><frame src="x"/></div>',
    '<div><p title="a>b" onclick="x()">y</p></div>',
    `<div><p title='"' onclick="x()">y</p></div>`,
    '<div><p title="a"onclick="x()">y</p></div>',
    '<div><p/onclick="x()">y</p></div>',
    '<div><p a=b"=" onclick=x d=">y</p></div>',
    '<div><p a=b\u00a0c=" onclick=x d=">y</p></div>',
    '<div><!-- <p title=" --><img onerror=x() title=""/></div>',
    '<div><p title="<" onclick="x()">y</p></div>',
    '<div><p x< onclick="x()">y</p></div>',
    '<div><p =onclick="x()">y</p></div>',
    '<div><h:script xmlns:h="http://www.w3.org/1999/xhtml"/></div>',
    '<div><a href="java\nscript:x()">y</a></div>',
    '<div><a href="&#106;ava&#x73;cript&#58;x()">y</a></div>',
    '<div><a href="javascript&colon;x()">y</a></div>',
    '<div><style>@import "x"</style></div>',
    5,
  ])('%j is refused', div => {
    expect(found(text(div))).toEqual(at)
  })

  test('is read without delay, however it is made', () => {
    // In time that grows with its square this would take many minutes.
    for (const part of [
      '<style ',
      '<style>',
      '<p a="',
      "<p a='",
      '<a b',
      '< ',
      '<x:',
      '<!--',
      'on',
      'a= ',
    ])
      found(text(`<div>${part.repeat(200_000)}</div>`))
  })

  test('needs its status and its div', () => {
    expect(found(patient({ text: { div: '<div>x</div>' } }))).toEqual([
      'required at Patient.text.status',
    ])
    expect(found(patient({ text: { status: 'empty' } }))).toEqual(['required at Patient.text.div'])
  })
})

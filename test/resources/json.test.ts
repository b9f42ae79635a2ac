import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { FhirError } from '../../resources/error.ts'
import {
  decimalText,
  decodeUtf8,
  isDecimal,
  type JsonLimits,
  parseInTurns,
  parseJson,
  printJson,
} from '../../resources/json.ts'

/** What a parse fails with: status and diagnostics. */
function failure(run: () => unknown): [number, string] {
  try {
    run()
  } catch (error) {
    if (error instanceof FhirError) return [error.status, error.message]
    throw error
  }
  throw new Error('it was accepted')
}

const limited = (more: Partial<JsonLimits>): JsonLimits => ({
  depth: 64,
  keys: 1000,
  string: 1000,
  ...more,
})

describe('a decimal', () => {
  const digits = [
    '1.00',
    '0.010',
    '1e-7',
    '1E5',
    '1e+2',
    '-0',
    '-0.0',
    '0.10',
    '100.000000',
    '123456789012345678901234567890',
    '3.14159265358979323846264338327950288',
    '1e400',
    '-1.50e-400',
    '9007199254740993',
  ]
  test.each(digits)('%s is printed as it came', text => {
    const json = `{"value":${text},"list":[${text}]}`
    expect(printJson(parseJson(json))).toBe(json)
    expect(decimalText((parseJson(json) as { value: number }).value)).toBe(text)
  })

  test.each(['0', '7', '-7', '98.6', '1234567', '-0.5'])('%s is a plain number', text => {
    expect(parseJson(text)).toBe(Number(text))
  })

  test('is told from other values, whether its digits had to be kept or not', () => {
    expect(isDecimal(parseJson('1.00'))).toBe(true)
    expect(isDecimal(parseJson('1'))).toBe(true)
    for (const other of ['"1"', 'null', '{}', '[]', 'true'])
      expect(isDecimal(parseJson(other))).toBe(false)
  })
})

describe('malformed JSON is refused with its place:', () => {
  test.each([
    ['nothing', '', 'line 1, column 1: a value is expected'],
    ['spaces only', ' \n ', 'line 2, column 2: a value is expected'],
    ['a word that is none', 'nil', 'column 1: a value is expected'],
    ['half a word', 'tru', 'column 1: a value is expected'],
    ['undefined', 'undefined', 'column 1: a value is expected'],
    ['NaN', '{"a":NaN}', 'column 6: a value is expected'],
    ['a number with a plus sign', '+1', 'a value is expected'],
    ['a number that begins with a point', '.5', 'a value is expected'],
    ['a number that ends with a point', '1.', 'there is text after the end'],
    ['a number with a zero before it', '01', 'there is text after the end'],
    ['an exponent without digits', '1e', 'there is text after the end'],
    ['hexadecimal', '0x10', 'there is text after the end'],
    ['a lone minus', '-', 'a value is expected'],
    ['two values', '{} {}', 'column 4: there is text after the end'],
    ['a key without quotes', '{a:1}', 'a key in quotes is expected'],
    ['single quotes', "{'a':1}", 'a key in quotes is expected'],
    ['a comma at the end of an object', '{"a":1,}', 'a key in quotes is expected'],
    ['a comma at the end of an array', '[1,]', 'a value is expected'],
    ['two commas', '[1,,2]', 'a value is expected'],
    ['no colon', '{"a" 1}', 'a colon is expected'],
    ['no comma in an object', '{"a":1 "b":2}', 'a comma or } is expected'],
    ['no comma in an array', '[1 2]', 'a comma or ] is expected'],
    ['an object that does not end', '{"a":1', 'a comma or } is expected'],
    ['an array that does not end', '[1', 'a comma or ] is expected'],
    ['an object that only begins', '{', 'a key in quotes is expected'],
    ['a string that does not end', '"abc', 'a string does not end'],
    ['a string that ends after an escape', '"a\\n', 'a string does not end'],
    ['a line break in a string', '"a\nb"', 'holds a control character'],
    ['a line break after an escape', '"\\ta\nb"', 'holds a control character'],
    ['a tab in a string', '"a\tb"', 'holds a control character'],
    ['an unknown escape', '"\\x41"', 'a backslash begins no known escape'],
    ['an escape by the name of a method', '"\\constructor"', 'a backslash begins no known'],
    ['a short \\u', '"\\u12"', '\\u takes four hexadecimal digits'],
    ['a \\u without digits', '"\\uzzzz"', '\\u takes four hexadecimal digits'],
    ['a comment', '{} // x', 'there is text after the end'],
    ['a byte order mark inside', '\ufeff{}', 'a value is expected'],
    ['a space that is none of JSON', '\u00a0{}', 'a value is expected'],
  ])('%s', (_, text, words) => {
    const [status, diagnostics] = failure(() => parseJson(text))
    expect(status).toBe(400)
    expect(diagnostics).toContain(words)
    expect(() => JSON.parse(text)).toThrow()
  })

  test('the place is that of the fault, line by line', () => {
    const [, diagnostics] = failure(() => parseJson('{\n  "a": 1,\n  "b": ?\n}'))
    expect(diagnostics).toContain('line 3, column 8')
  })
})

describe('what is dangerous or ambiguous is refused:', () => {
  test.each([
    ['a key twice', '{"active":true,"active":false}', 'the element active comes twice'],
    ['the same key with an escape', '{"id":"1","\\u0069d":"2"}', 'the element id comes twice'],
    ['a key twice far inside', '{"a":[{"b":{"c":1,"c":1}}]}', 'the element c comes twice'],
    ['a key twice that is no name', '{"Asha Rao":1,"Asha Rao":2}', 'the element here comes twice'],
    ['__proto__', '{"__proto__":{"a":1}}', '__proto__ is not allowed'],
    ['__proto__ with an escape', '{"\\u005f_proto__":1}', '__proto__ is not allowed'],
    ['half a surrogate pair', '"\\ud83d"', 'half of a surrogate pair'],
    ['the other half', '"a\\ude00b"', 'half of a surrogate pair'],
    ['halves in the wrong order', '"\\ude00\\ud83d"', 'half of a surrogate pair'],
    ['half a pair in a key', '{"\\ud83d":1}', 'half of a surrogate pair'],
  ])('%s', (_, text, words) => {
    const [status, diagnostics] = failure(() => parseJson(text))
    expect([status, diagnostics]).toEqual([400, expect.stringContaining(words)])
  })

  test('a key twice is not repeated in the diagnostics where it may be a value', () => {
    const [, diagnostics] = failure(() => parseJson('{"Asha Rao":1,"Asha Rao":2}'))
    expect(diagnostics).not.toContain('Asha')
  })

  test('keys named like methods are plain keys', () => {
    const text = '{"constructor":{"prototype":1},"toString":2,"hasOwnProperty":3}'
    const value = parseJson(text) as Record<string, unknown>
    expect(Object.keys(value)).toEqual(['constructor', 'toString', 'hasOwnProperty'])
    expect(printJson(value)).toBe(text)
    expect(({} as Record<string, unknown>).prototype).toBeUndefined()
  })

  test('the same key in two objects is fine', () => {
    expect(parseJson('[{"a":1},{"a":{"a":2}}]')).toEqual([{ a: 1 }, { a: { a: 2 } }])
  })
})

describe('strings', () => {
  test('take every escape of JSON', () => {
    expect(parseJson('"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\uD83D\\uDE00"')).toBe(
      '"\\/\b\f\n\r\tAé😀',
    )
  })

  test.each(['नमस्ते', '😀', 'e\u0301', '\u2028', '\u007f', '𝒳'])('keep %j', text => {
    expect(parseJson(JSON.stringify(text))).toBe(text)
    expect(parseJson(JSON.stringify({ [text]: text }))).toEqual({ [text]: text })
  })
})

describe('limits', () => {
  test('depth counts objects and arrays inside each other, not beside', () => {
    const limits = limited({ depth: 3 })
    expect(parseJson('[[[1],[2]],[{}]]', limits)).toEqual([[[1], [2]], [{}]])
    expect(failure(() => parseJson('[{"a":[{}]}]', limits))).toEqual([
      413,
      expect.stringContaining('deeper than 3 levels'),
    ])
  })

  test('a hundred thousand brackets are refused, not a crash', () => {
    expect(failure(() => parseJson('['.repeat(100_000)))[0]).toBe(413)
    expect(failure(() => parseJson('{"a":'.repeat(100_000)))[0]).toBe(413)
  })

  test('keys are counted over all objects', () => {
    const limits = limited({ keys: 3 })
    expect(parseJson('[{"a":1,"b":2},{"a":3}]', limits)).toHaveLength(2)
    expect(failure(() => parseJson('[{"a":1,"b":2},{"a":3,"b":4}]', limits))).toEqual([
      413,
      expect.stringContaining('more than 3 keys'),
    ])
  })

  test('the length of a string is counted after its escapes, for values and keys', () => {
    const limits = limited({ string: 3 })
    expect(parseJson('"\\u0041\\u0042\\u0043"', limits)).toBe('ABC')
    for (const text of ['"abcd"', '"\\nbcd"', '{"abcd":1}'])
      expect(failure(() => parseJson(text, limits))).toEqual([
        413,
        expect.stringContaining('longer than 3 characters'),
      ])
  })
})

describe('the bytes of a body', () => {
  test('are UTF-8, with or without a byte order mark', () => {
    expect(decodeUtf8(Buffer.from('{"a":"पुणे"}'))).toBe('{"a":"पुणे"}')
    expect(decodeUtf8(Buffer.from('\ufeff{}'))).toBe('{}')
  })

  test.each([
    ['a byte that begins nothing', [0x22, 0xff, 0x22]],
    ['a cut sequence', [0x22, 0xe0, 0xa4, 0x22]],
    ['a longer form than needed', [0xc0, 0xaf]],
    ['a surrogate half', [0xed, 0xa0, 0x80]],
    ['UTF-16', [0xff, 0xfe, 0x7b, 0x00]],
    ['Latin-1', [0x22, 0xe9, 0x22]],
  ])('%s is refused', (_, bytes) => {
    expect(failure(() => decodeUtf8(Uint8Array.from(bytes)))).toEqual([
      400,
      'the body is not valid UTF-8',
    ])
  })
})

describe('against the native JSON.parse', () => {
  const plain = (text: string) => JSON.parse(printJson(parseJson(text)))
  const safe = (value: unknown): boolean => {
    const text = JSON.stringify(value)
    return !text.includes('__proto__') && text.isWellFormed() && !/\\ud[89a-f]/i.test(text)
  }

  test('every JSON text gives the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }).filter(safe), fc.nat(4), (value, space) => {
        const text = JSON.stringify(value, undefined, space)
        expect(plain(text)).toEqual(JSON.parse(text))
        expect(printJson(parseJson(text), true)).toBe(JSON.stringify(JSON.parse(text), null, 2))
      }),
      { numRuns: 500 },
    )
  })

  test('a text with one change is accepted or refused alike', () => {
    const change = fc.record({
      value: fc.jsonValue({ maxDepth: 3 }).filter(safe),
      at: fc.nat(200),
      take: fc.nat(2),
      put: fc.constantFrom(
        '',
        '"',
        '\\',
        ',',
        ':',
        '{',
        '}',
        '[',
        ']',
        '1',
        'e',
        '.',
        '-',
        ' ',
        '\n',
        't',
        '\u0000',
      ),
    })
    fc.assert(
      fc.property(change, ({ value, at, take, put }) => {
        const whole = JSON.stringify(value)
        const cut = at % (whole.length + 1)
        const text = whole.slice(0, cut) + put + whole.slice(cut + take)
        let native: unknown
        try {
          native = JSON.parse(text)
        } catch {
          expect(failure(() => parseJson(text))[0]).toBe(400)
          return
        }
        let ours: string
        try {
          ours = printJson(parseJson(text))
        } catch (error) {
          // What we refuse on purpose and JSON.parse does not.
          expect(String(error)).toMatch(/comes twice|surrogate|__proto__/)
          return
        }
        expect(JSON.parse(ours)).toEqual(native)
      }),
      { numRuns: 3000 },
    )
  })
})

describe('a text that is parsed in turns', () => {
  const outcome = async (run: () => unknown) => {
    try {
      return printJson(await run())
    } catch (error) {
      if (error instanceof FhirError) return [error.status, error.message]
      throw error
    }
  }

  test('gives what it gives at once, and fails in the same place', async () => {
    const texts = fc.json({ maxDepth: 4 }).chain(text => {
      const inside = `{"resourceType":"Bundle","entry":[${text},1.50],"other":${text}}`
      return fc.tuple(
        fc.constantFrom(text, inside, ` ${inside} `),
        fc.option(fc.nat({ max: inside.length })),
        fc.constantFrom('', ',', ']', '}', '"', '{"a":1'),
      )
    })
    const limits = limited({ depth: 5, keys: 12 })
    await fc.assert(
      fc.asyncProperty(texts, async ([text, cut, more]) => {
        const cutOff = cut === null ? text : text.slice(0, cut) + more
        expect(await outcome(() => parseInTurns(cutOff, limits))).toEqual(
          await outcome(() => parseJson(cutOff, limits)),
        )
      }),
      { numRuns: 500 },
    )
  })

  test('lets others in between', async () => {
    const entry = { name: 'Asha '.repeat(5000) }
    const text = printJson({ resourceType: 'Bundle', entry: Array(40).fill(entry) })
    let others = 0
    let isParsed = false
    const other = () => {
      others++
      if (!isParsed) setImmediate(other)
    }
    setImmediate(other)
    const longest = { depth: 64, keys: 1000, string: 1_000_000 }
    expect(await parseInTurns(text, longest)).toEqual(JSON.parse(text))
    isParsed = true
    expect(others).toBeGreaterThan(10)
  })
})

/** https://hl7.org/fhir/R4/narrative.html#security */

const forbidden = new Set('script form iframe object embed base link frame input'.split(' '))

// Tags are read as browsers read them: what they take for an attribute must not hide in what is taken for a value here.
const name = /<(?:[^\s:/<>]*:)?([A-Za-z][^\t\n\f\r /<>]*)/y
const attribute =
  /[\t\n\f\r /]*([^\t\n\f\r /<>=]+)(?:[\t\n\f\r ]*=[\t\n\f\r ]*(?:"([^"<]*)"|'([^'<]*)'|([^\t\n\f\r "'<>][^\t\n\f\r <>]*)?))?/y
const close = /[\t\n\f\r /]*>/y

/**
 * Whether the tags of a narrative are complete and none of them runs anything. Each `<` with a name behind it is read as
 * a tag of its own and no tag may hold a `<`, so that the time grows with the length.
 */
export function isSafe(html: string): boolean {
  const imports = html.includes('@import')
  for (let at = html.indexOf('<'); at >= 0; at = html.indexOf('<', at + 1))
    if (/[A-Za-z]/.test(html.charAt(at + 1)) && !isSafeTag(html, at, imports)) return false
  return true
}

function isSafeTag(html: string, start: number, imports: boolean): boolean {
  name.lastIndex = start
  const tag = name.exec(html)?.[1]?.toLowerCase()
  if (tag === undefined || forbidden.has(tag)) return false
  if (tag === 'style' && imports) return false
  let at = name.lastIndex
  for (;;) {
    close.lastIndex = at
    if (close.test(html)) return true
    attribute.lastIndex = at
    const [, key = '', double, single, bare] = attribute.exec(html) ?? []
    if (key === '' || !isSafeAttribute(key, double ?? single ?? bare ?? '')) return false
    at = attribute.lastIndex
  }
}

function isSafeAttribute(key: string, value: string): boolean {
  const plain = key.slice(key.lastIndexOf(':') + 1).toLowerCase()
  if (/^on[a-z]/.test(plain)) return false
  return !['href', 'src'].includes(plain) || !/^(javascript|vbscript):/i.test(plainLink(value))
}

/** Browsers pass over white space in a link's scheme, and read references to characters in it. */
const plainLink = (link: string): string =>
  link
    .replace(/&#(?:x([0-9a-f]{1,6})|(\d{1,7}));?/gi, (_, hex?: string, decimal?: string) =>
      String.fromCharCode(hex ? Number.parseInt(hex, 16) : Number(decimal)),
    )
    .replace(/&(colon|tab|newline);/gi, (_, named: string) => (/^c/i.test(named) ? ':' : ''))
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones passed over
    .replace(/[\x00-\x20]/g, '')

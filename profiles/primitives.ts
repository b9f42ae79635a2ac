/** What a primitive must look like. https://hl7.org/fhir/R4/datatypes.html#primitive */
import { isDecimal } from '../resources/json.ts'
import { isId } from '../resources/resource.ts'

interface Primitive {
  is(value: unknown): boolean
  /** How to say it right. */
  form: string
}

const text = (pattern: RegExp, form: string): Primitive => ({
  is: value => typeof value === 'string' && pattern.test(value) && !hasControl(value),
  form,
})

const year = '\\d{3}[1-9]|\\d{2}[1-9]\\d|\\d[1-9]\\d{2}|[1-9]\\d{3}'
const day = '(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])'
const clock = '(?:[01]\\d|2[0-3]):[0-5]\\d:(?:[0-5]\\d|60)(?:\\.\\d+)?'
const zone = '(?:Z|[+-](?:(?:0\\d|1[0-3]):[0-5]\\d|14:00))'
const uri = text(/^\S+$/, 'a URI without spaces')

const dateTime = new RegExp(`^(?:${year})(?:-(?:0[1-9]|1[0-2])|-${day}(?:T${clock}${zone})?)?$`)

/** February 30 passes a pattern. */
function isCalendarDay(value: string): boolean {
  if (value.length < 10) return true
  const month = Number(value.slice(5, 7))
  const last = new Date(Date.UTC(Number(value.slice(0, 4)), month, 0)).getUTCDate()
  return Number(value.slice(8, 10)) <= last
}

const dated = (pattern: RegExp, form: string): Primitive => ({
  is: value => typeof value === 'string' && pattern.test(value) && isCalendarDay(value),
  form,
})

const whole = (from: number, form: string): Primitive => ({
  is: value =>
    typeof value === 'number' && Number.isInteger(value) && value >= from && value <= 2147483647,
  form,
})

/** White space alone is allowed by the pattern of R4, and sent. */
const string: Primitive = {
  is: value =>
    typeof value === 'string' && value !== '' && value.length <= 1048576 && !hasControl(value),
  form: 'a string that is not empty, of at most 1 MB, without control characters',
}

function hasControl(value: string): boolean {
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index)
    if (code < 32 && code !== 9 && code !== 10 && code !== 13) return true
  }
  return false
}

/** Letter by letter: a pattern takes memory for each of millions of them. https://hl7.org/fhir/R4/datatypes.html#base64Binary */
function isBase64(value: string): boolean {
  let [length, padding] = [0, 0]
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index)
    if (isBase64Digit(code)) {
      if (padding > 0) return false
      length++
    } else if (code === 61) padding++
    else if (!/\s/.test(value.charAt(index))) return false
  }
  return length > 0 && padding <= 2 && (length + padding) % 4 === 0
}

const isBase64Digit = (code: number): boolean =>
  (code >= 97 && code <= 122) ||
  (code >= 65 && code <= 90) ||
  (code >= 47 && code <= 57) ||
  code === 43

const base64: Primitive = {
  is: value => typeof value === 'string' && isBase64(value),
  form: 'base64',
}

export const primitives: Readonly<Record<string, Primitive>> = {
  boolean: { is: value => typeof value === 'boolean', form: 'true or false, without quotes' },
  integer: whole(-2147483648, 'a whole number of 32 bits'),
  unsignedInt: whole(0, 'a whole number from 0'),
  positiveInt: whole(1, 'a whole number from 1'),
  decimal: { is: isDecimal, form: 'a number, without quotes' },
  string,
  markdown: string,
  xhtml: text(/^\s*<div[\s>][\s\S]*<\/div>\s*$|^\s*<div[^>]*\/>\s*$/, 'an XHTML div'),
  code: text(/^\S+( \S+)*$/, 'a code: no spaces at its ends, none doubled'),
  id: {
    is: value => typeof value === 'string' && isId(value),
    form: '1 to 64 letters, digits, hyphens and dots',
  },
  uri,
  url: uri,
  canonical: uri,
  oid: text(/^urn:oid:[0-2](\.(0|[1-9]\d*))+$/, 'urn:oid: and an OID'),
  uuid: text(
    /^urn:uuid:[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/,
    'urn:uuid: and a UUID',
  ),
  date: dated(
    new RegExp(`^(?:${year})(?:-(?:0[1-9]|1[0-2])|-${day})?$`),
    'YYYY, YYYY-MM or YYYY-MM-DD',
  ),
  dateTime: dated(dateTime, 'YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss with a zone'),
  instant: dated(
    new RegExp(`^(?:${year})-${day}T${clock}${zone}$`),
    'YYYY-MM-DDThh:mm:ss with a zone',
  ),
  time: text(new RegExp(`^${clock}$`), 'hh:mm:ss'),
  base64Binary: base64,
}

/** Escapes in search values: `\,` `\|` `\$` `\\`. https://hl7.org/fhir/R4/search.html#escaping */

/** Splits at a separator that no backslash stands before; the escapes stay in the parts. */
export function splitEscaped(text: string, separator: string): string[] {
  if (!text.includes('\\')) return text.split(separator)
  const parts: string[] = []
  let from = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === separator) {
      parts.push(text.slice(from, at))
      from = at + 1
    }
  }
  return [...parts, text.slice(from)]
}

export const unescaped = (text: string): string =>
  text.includes('\\') ? text.replace(/\\([,|$\\])/g, '$1') : text

/** Each backslash stands before what it takes the meaning from. */
export const isEscaped = (text: string): boolean =>
  !text.includes('\\') || !text.replace(/\\[,|$\\]/g, '').includes('\\')

/** The parameters of an address, a form, an entry or a header: read in one way, so that none finds less than another. */
import { invalid, tooLarge } from '../resources/error.ts'

const mostParameters = 500

/** Refuses what is not correctly percent-encoded UTF-8: a value half read would find another resource, or none. */
export function readQuery(text: string, what = 'the parameters'): [string, string][] {
  if (text === '') return []
  const pairs = text.replaceAll('+', ' ').split('&').filter(Boolean)
  if (pairs.length > mostParameters)
    throw tooLarge(`a request takes ${mostParameters} parameters at most`)
  try {
    return pairs.map(pair => {
      const cut = pair.indexOf('=')
      const [name, value] = cut < 0 ? [pair, ''] : [pair.slice(0, cut), pair.slice(cut + 1)]
      return [decodeURIComponent(name), decodeURIComponent(value)]
    })
  } catch {
    throw invalid(`${what} are not correctly percent-encoded`)
  }
}

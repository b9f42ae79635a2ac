/** The three of these names that are nearest to what was written, for a message: `a, b, c`. */
export const nearest = (written: string, names: Iterable<string>): string =>
  [...names]
    .map(name => ({ name, distance: distanceOf(written.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => name)
    .join(', ')

/** What was written, where it can be no patient's value. */
export const shown = (written: string, otherwise: string): string =>
  /^[\w$.:[\]-]{1,40}$/.test(written) ? written : otherwise

/** Edits from one word to the other. */
function distanceOf(a: string, b: string): number {
  const short = a.slice(0, 40)
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= short.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(
        (row[j] ?? 0) + 1,
        (next[j - 1] ?? 0) + 1,
        (row[j - 1] ?? 0) + (short[i - 1] === b[j - 1] ? 0 : 1),
      )
    row = next
  }
  return row[b.length] ?? 0
}

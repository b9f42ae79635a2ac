/** What was replaced: pages that began before go on seeing it, for as long as a link to them lives. */
import type { Update } from './commands.ts'
import { type Stored, valueNames } from './document.ts'

/** Its values stay, where no search for what is there now comes by. */
const old = Object.fromEntries(valueNames.map(name => [name, `$${name}`]))

/** By the database itself: values may have come to it since it was written. */
export const superseding = (
  { _id }: Pick<Stored, '_id'>,
  { s, at }: { s: number; at: number },
): Update => ({
  q: { _id },
  u: [{ $set: { u: s, end: at, old } }, { $unset: ['n', ...valueNames] }],
})

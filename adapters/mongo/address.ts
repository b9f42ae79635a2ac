/** What an address of a MongoDB says. https://www.mongodb.com/docs/manual/reference/connection-string/ */

/** Its hosts: what comes before may be a password. */
export const hostsIn = (url: string): string =>
  /^mongodb(?:\+srv)?:\/\/(?:[^@/]*@)?([^/?]*)/.exec(url)?.[1] ?? ''

/** https://www.mongodb.com/docs/manual/reference/limits/#naming-restrictions */
const longest = 63
const forbidden = /[/\\. "$\0]/

/** Where transactions cannot write, or what is written stays on one member. */
const ofMongo = ['admin', 'local', 'config']

/** The database: `nidaan` where none is named. Throws, in one line, where none can have the name. */
export function databaseIn(url: string): string {
  const path = /^mongodb(?:\+srv)?:\/\/[^/]+\/([^?]*)/.exec(url)?.[1] ?? ''
  const name = decodeURIComponent(path) || 'nidaan'
  if (forbidden.test(name) || Buffer.byteLength(name) > longest)
    throw new Error(
      `STORE_URL names a database ${JSON.stringify(name)}: a name has up to ${longest} bytes, and none of / \\ . " $ and spaces`,
    )
  if (ofMongo.includes(name.toLowerCase()))
    throw new Error(
      `STORE_URL names ${name}, which is a database of MongoDB itself: name another one, such as mongodb://…/nidaan, and say where its user is known by ?authSource=admin`,
    )
  return name
}

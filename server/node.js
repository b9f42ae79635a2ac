// Plain JavaScript on purpose: a Node too old to run TypeScript must still be able to say so.
import { pathToFileURL } from 'node:url'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 26 || (major === 26 && minor < 10)) {
  console.error(
    `Nidaan needs Node 26.10 or newer and this is ${process.version}: run it through npm (npm install brings the right Node), or install Node 26`,
  )
  process.exit(1)
}

const script = process.argv[2]
if (!script) {
  console.error('usage: node server/node.js SCRIPT [ARGUMENTS]')
  process.exit(64)
}
process.argv.splice(1, 1)
await import(pathToFileURL(script).href)

// Plain JavaScript on purpose: a Node too old to run TypeScript must still be able to say so.
import module from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

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
// TypeScript is stripped once: not at every start, and not in every thread again. Threads look into the variable.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(
  new URL('../node_modules/.cache/nidaan', import.meta.url),
)
module.enableCompileCache(process.env.NODE_COMPILE_CACHE)
process.argv.splice(1, 1)
await import(pathToFileURL(script).href)

/** Runs Jest on the ES modules as they are, with the arguments given: `npm test -- search` runs the files that match. */
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'

const jest = createRequire(import.meta.url).resolve('jest/bin/jest')
const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning']
const args = process.argv.slice(2)
// What comes from the cache is not measured exactly.
const env = args.includes('--coverage') ? { NODE_DISABLE_COMPILE_CACHE: '1' } : {}
const run = spawnSync(process.execPath, [...flags, jest, ...args], {
  stdio: 'inherit',
  env: { ...process.env, ...env },
})
process.exit(run.status ?? 1)

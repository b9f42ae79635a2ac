/** npm run import -- FILE...: loads NDJSON and Bundles into the running server, or into the database where none runs. */
import { existsSync, openSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Config, readConfig, storeNameOf } from './config.ts'
import { checkpointsOf } from './import/checkpoint.ts'
import { openSource } from './import/lines.ts'
import { loadFile } from './import/load.ts'
import { findTarget, isAddress, type Target } from './import/send.ts'
import { createProgress } from './progress.ts'

const usage = `npm run import -- FILE...

  FILE                  NDJSON (a resource or a Bundle on each line) or one JSON document; .gz too; - is standard input
  --on-error stop|skip  at what is refused: stop before it (default), or report it and go on
  --errors FILE         write what is refused to FILE as well
  --to URL              FHIR address to send to; default: the server of HOST and PORT, else the database itself
  --parallel N          Bundles under way at once (default 4)`

const options = {
  'on-error': { type: 'string', default: 'stop' },
  errors: { type: 'string' },
  to: { type: 'string' },
  parallel: { type: 'string', default: '4' },
  help: { type: 'boolean', default: false },
} as const

function misused(words: string): never {
  console.error(`${words}\n\n${usage}`)
  process.exit(2)
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true })
    if (values.help) {
      console.log(usage)
      process.exit(0)
    }
    const { 'on-error': onError, to, errors } = values
    const parallel = Number(values.parallel)
    if (positionals.length === 0) misused('which file is to be loaded?')
    if (onError !== 'stop' && onError !== 'skip') misused('--on-error takes stop or skip')
    if (!Number.isInteger(parallel) || parallel < 1 || parallel > 64)
      misused('--parallel takes a whole number from 1 to 64')
    if (to !== undefined && !isAddress(to))
      misused('--to takes an address such as http://127.0.0.1:8080/fhir')
    const missing = positionals.find(name => name !== '-' && !existsSync(name))
    if (missing) misused(`${missing} is not there`)
    const folder = positionals.find(name => name !== '-' && statSync(name).isDirectory())
    // In which order is for the user to say: what refers to others comes after them.
    if (folder)
      misused(`${folder} is a folder: name its files, such as ${join(folder, '*.ndjson')}`)
    return { files: positionals, onError, parallel, to, errors } as const
  } catch (error) {
    misused((error as Error).message)
  }
}

const { files, onError, parallel, to, errors } = readArguments()
const progress = createProgress(process.stderr)
const stopping = new AbortController()
let target: Target | undefined
try {
  const config = readConfig(process.env)
  target = await findTarget(config, to)
  process.once('SIGINT', () => stopping.abort())
  process.once('SIGTERM', () => stopping.abort())
  progress.say(`loading into ${target.name}`)
  process.exitCode = await loadAll(target, config)
} catch (error) {
  progress.say(`the import stopped: ${wordsOf(error)}`)
  process.exitCode = 1
}
await target?.close()

function wordsOf(error: unknown): string {
  return Error.isError(error) ? error.message : String(error)
}

async function loadAll(to: Target, config: Config): Promise<number> {
  const place = `${to.name} ${storeNameOf(config)}`
  const checkpointOf = (name: string) => checkpointsOf(name, place, config.dataDir)
  const resumed = files.some(name => checkpointOf(name).read().line > 0)
  const report = errors === undefined ? () => {} : writerTo(errors, resumed ? 'a' : 'w')
  const started = performance.now()
  let loaded = 0
  let refused = 0
  for (const name of files) {
    const source = openSource(name, stopping.signal)
    const size = name === '-' ? undefined : statSync(name).size
    const checkpoints = checkpointOf(name)
    const { line } = checkpoints.read()
    if (line > 0) progress.say(`${name}: going on after line ${line}`)
    const { at, whole, failure } = await loadFile({
      source,
      checkpoints,
      onError,
      flight: { target: to, parallel },
      signal: stopping.signal,
      refused(number, reason) {
        progress.say(`${name}:${number}: ${reason}`)
        report({ file: name, line: number, reason })
      },
      done: now => progress.show(now.loaded, size && Math.min(source.bytes() / size, 1)),
    })
    loaded += at.loaded
    refused += at.refused
    progress.end()
    if (!whole) {
      if (failure) progress.say(`${name}: ${wordsOf(failure)}`)
      progress.say(
        `${name}: stopped after line ${at.line}; the same command goes on from there${name === '-' ? ', if it is a file' : ''}`,
      )
      return stopping.signal.aborted ? 130 : 1
    }
    checkpoints.forget()
  }
  const seconds = (performance.now() - started) / 1000
  progress.say(
    `${loaded} resources loaded in ${seconds.toFixed(1)} s${refused ? `, ${refused} refused` : ''}`,
  )
  return refused ? 1 : 0
}

/** Written before the checkpoint passes the line, so that an interruption loses none; what goes on adds to the file. */
function writerTo(file: string, flag: 'a' | 'w'): (line: object) => void {
  const opened = openSync(file, flag)
  return line => void writeSync(opened, `${JSON.stringify(line)}\n`)
}

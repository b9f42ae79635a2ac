/** npm run demo: fills the running server, or the database where none runs, with one day of a small laboratory. */
import { parseArgs } from 'node:util'
import { readConfig } from './config.ts'
import { dayLines } from './demo/day.ts'
import { unkept } from './import/checkpoint.ts'
import { loadFile } from './import/load.ts'
import { findTarget, isAddress, type Target } from './import/send.ts'
import { createProgress } from './progress.ts'

const usage = `npm run demo -- [options]

  --patients N     how many patients come that day (default 40)
  --seed N         another number makes other people; the same makes the same (default 1)
  --day DATE       the day (default 2026-11-23)
  --until TIME     the time of day up to which it has come (default 16:00)
  --to URL         FHIR address to send to; default: the server of HOST and PORT, else the database itself`

const options = {
  patients: { type: 'string', default: '40' },
  seed: { type: 'string', default: '1' },
  day: { type: 'string', default: '2026-11-23' },
  until: { type: 'string', default: '16:00' },
  to: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const

function misused(words: string): never {
  console.error(`${words}\n\n${usage}`)
  process.exit(2)
}

function whole(name: string, text: string, from: number, to: number): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < from || value > to)
    misused(`--${name} takes a whole number from ${from} to ${to}`)
  return value
}

function readArguments() {
  try {
    const { values } = parseArgs({ options })
    if (values.help) {
      console.log(usage)
      process.exit(0)
    }
    const { day, until, to } = values
    if (!/^\d{4}-\d\d-\d\d$/.test(day) || Number.isNaN(Date.parse(day)))
      misused('--day takes a date such as 2026-11-23')
    const [, hour, minute] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(until) ?? []
    if (hour === undefined) misused('--until takes a time such as 16:00')
    if (to !== undefined && !isAddress(to))
      misused('--to takes an address such as http://127.0.0.1:8080/fhir')
    return {
      patients: whole('patients', values.patients, 1, 1_000_000),
      seed: whole('seed', values.seed, 0, 2 ** 31),
      date: day,
      until: Number(hour) * 60 + Number(minute),
      to,
    }
  } catch (error) {
    misused((error as Error).message)
  }
}

const { patients, to, ...day } = readArguments()
const progress = createProgress(process.stderr)
const stopping = new AbortController()
let target: Target | undefined
try {
  target = await findTarget(readConfig(process.env), to)
  process.once('SIGINT', () => stopping.abort())
  process.once('SIGTERM', () => stopping.abort())
  progress.say(`a day of a small laboratory goes into ${target.name}`)
  process.exitCode = await fill(target)
} catch (error) {
  progress.say(`the demo stopped: ${Error.isError(error) ? error.message : error}`)
  process.exitCode = 1
}
await target?.close()

async function fill(to: Target): Promise<number> {
  const started = performance.now()
  const source = { name: 'demo', lines: dayLines(patients, day), bytes: () => 0 }
  const { at, whole, failure } = await loadFile({
    source,
    checkpoints: unkept,
    onError: 'stop',
    flight: { target: to, parallel: 4 },
    signal: stopping.signal,
    refused: (line, reason) =>
      progress.say(`${line === 1 ? 'the catalogue' : `patient ${line - 1}`}: ${reason}`),
    done: ({ loaded, line }) => progress.show(loaded, line / (patients + 1)),
  })
  progress.end()
  if (failure) throw failure
  if (!whole) return stopping.signal.aborted ? 130 : 1
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  progress.say(`${at.loaded} resources of ${patients} patients in ${seconds} s`)
  progress.say(
    to.address
      ? `look at ${new URL('/', to.address)} or ${to.address}/Patient/pune-1?_pretty=true`
      : 'start the server with npm start and look at its start page',
  )
  return 0
}

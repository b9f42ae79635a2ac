/** npm run bench: parts alone and the whole server; JSON and a table with the facts of the machine. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { readData } from './data.ts'
import { growth } from './growth.ts'
import type { StoreName } from './keeping.ts'
import { micro } from './micro.ts'
import { plans } from './plans.ts'
import { printTable, type Row } from './row.ts'
import { ladder } from './search.ts'
import { wholeServer } from './server.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: 'string', default: '../shared/data/synthea-75.ndjson.gz' },
    seconds: { type: 'string', default: '5' },
    repeat: { type: 'string', default: '3' },
    keep: { type: 'string' },
    only: { type: 'string', default: '' },
    store: { type: 'string', default: 'sqlite' },
    out: { type: 'string', default: 'bench/results' },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) {
  console.log(`npm run bench -- [PART ...] [options]

  PART            micro, server, search (on 100,000 and 1,000,000 resources), growth (to a million), plans (what MongoDB reads); default micro server
  --data FILE     transactions to load, one a line (.gz too)
  --seconds N     of each measurement (default 5)
  --repeat N      of each; the middle one is shown (default 3)
  --only TEXT     of the searches of the ladder those that this regular expression finds by their names
  --keep FOLDER   where the stores of search are kept for the next run
  --store NAME    sqlite or mongodb, for server and search (default sqlite)
  --out FOLDER    where results go (default bench/results)`)
  process.exit(0)
}

const parts = new Set(positionals.length ? positionals : ['micro', 'server'])
const store: StoreName = values.store === 'mongodb' ? 'mongodb' : 'sqlite'
const options = { seconds: Number(values.seconds), repeat: Number(values.repeat), store }
const facts = {
  date: new Date().toISOString().slice(0, 10),
  node: process.version,
  store: store === 'sqlite' ? `SQLite ${process.versions.sqlite}` : 'MongoDB',
  processor: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
  system: `${process.platform} ${process.arch}`,
  load: loadavg()[0]?.toFixed(2),
}

const tables: [title: string, rows: Row[]][] = []
if (parts.has('micro'))
  tables.push(['Parts alone, for one Synthea resource', micro(readData(values.data))])
if (parts.has('server'))
  tables.push([
    'The server, durable, its load on the same cores',
    await wholeServer(readData(values.data), options),
  ])
if (parts.has('search'))
  tables.push([
    'The ladder of searches, 8 at a time',
    await ladder({ ...options, keep: values.keep, only: new RegExp(values.only) }),
  ])
if (parts.has('plans')) tables.push(['What MongoDB reads for a search', await plans()])
if (parts.has('growth')) tables.push(['The store as it grows', await growth()])

const text = `# Results of npm run bench

${Object.entries(facts)
  .map(([name, value]) => `${name}: ${value}`)
  .join(' · ')}

Each figure is the middle of ${options.repeat} runs of ${options.seconds} s. Machines differ and are shared: compare ratios within one run.

${tables.map(([title, rows]) => `## ${title}\n\n${printTable(rows)}`).join('\n\n')}
`
const name = store === 'sqlite' ? 'latest' : store
mkdirSync(values.out, { recursive: true })
writeFileSync(`${values.out}/${name}.md`, text)
writeFileSync(
  `${values.out}/${name}.json`,
  `${JSON.stringify({ facts, options, tables: Object.fromEntries(tables) }, null, 1)}\n`,
)
console.log(text)

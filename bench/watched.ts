/** What a database reads for each command of a search. https://www.mongodb.com/docs/manual/reference/explain-results/ */
import { type Document, MongoClient } from 'mongodb'
import { collectionsOf } from '../adapters/mongo/collections.ts'
import { createRemembered } from '../adapters/mongo/remembered.ts'
import type { Source } from '../adapters/mongo/source.ts'

export interface Examined {
  commands: number
  keys: number
  docs: number
  /** Their stages, each once. */
  stages: string[]
}

export interface Watched {
  /** What a search reads from; its commands are remembered. */
  source(): Source
  forget(): void
  /** What the commands since then, or since the last call, read. */
  examined(): Promise<Examined>
  close(): Promise<void>
}

export function watch(url: string, name: string, now: () => number): Watched {
  const client = new MongoClient(url, { monitorCommands: true, promoteBuffers: true })
  const db = client.db(name)
  const remembered = createRemembered({ aloneSince: () => undefined }, { follows: () => false })
  let sent: Document[] = []
  client.on('commandStarted', ({ commandName, command }) => {
    if (['find', 'aggregate', 'distinct'].includes(commandName)) sent.push(command)
  })
  const source = (): Source => ({
    collections: collectionsOf(db),
    ...remembered,
    found: remembered.found.begin(),
    names: remembered.known,
    until: performance.now() + 60_000,
    now,
    // Nothing is written meanwhile.
    still: () => () => true,
    asOf: async () => Number.MAX_SAFE_INTEGER,
    inSession: (_, work) => client.withSession({ snapshot: true }, work),
  })
  return {
    source,
    forget() {
      sent = []
    },
    async examined() {
      const commands = sent
      const found: Examined = { commands: commands.length, keys: 0, docs: 0, stages: [] }
      for (const command of commands) {
        const told = await db.command({ explain: asked(command), verbosity: 'executionStats' })
        for (const stats of partsOf(told, 'executionStats')) {
          found.keys += Number(stats.totalKeysExamined ?? 0)
          found.docs += Number(stats.totalDocsExamined ?? 0)
        }
        const plans = partsOf(told, 'winningPlan').flatMap(plan => textsOf(plan, 'stage'))
        found.stages = [...new Set([...found.stages, ...plans])]
      }
      sent = []
      return found
    },
    close: () => client.close(),
  }
}

/** A command without what belongs to its session. */
function asked(command: Document): Document {
  const {
    lsid: _,
    $clusterTime: __,
    $db: ___,
    readConcern: ____,
    maxTimeMS: _____,
    ...rest
  } = command
  return rest
}

/** The parts of an explanation that have this name, however deep. */
function partsOf(told: unknown, name: string): Document[] {
  if (typeof told !== 'object' || told === null) return []
  return Object.entries(told).flatMap(([key, value]) =>
    key === name ? [value as Document] : partsOf(value, name),
  )
}

function textsOf(told: unknown, name: string): string[] {
  if (typeof told !== 'object' || told === null) return []
  return Object.entries(told).flatMap(([key, value]) =>
    key === name ? [String(value)] : textsOf(value, name),
  )
}

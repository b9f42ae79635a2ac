/** A set of real mongods, by ../shared/runtime/mongo.sh, and what its members say of it. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { MongoClient, type Timestamp } from 'mongodb'

const script = '../shared/runtime/mongo.sh'

export interface Members {
  url: string
  ports: number[]
  /** `kill9`, `pause` or `resume` one of 1, 2, 3. */
  tell(what: string, member: number): Promise<void>
  /** The primary steps down in good order, and another one is elected at once. */
  handOver(): Promise<void>
  /** Starts those that do not run. */
  start(): Promise<void>
  /** Waits until each has what the primary has by now, and tells which that is: one more that is lost leaves a majority. */
  whole(): Promise<number>
  /** What each of them says of all, in a line each. */
  said(): Promise<string[]>
  stop(): Promise<void>
}

/** https://www.mongodb.com/docs/manual/reference/command/replSetGetStatus/ */
interface Member {
  name: string
  stateStr: string
  optime?: { ts: Timestamp }
}

async function statusAt(url: string): Promise<Member[]> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 2000, socketTimeoutMS: 2000 })
  try {
    return (await client.db('admin').command({ replSetGetStatus: 1 })).members
  } finally {
    await client.close()
  }
}

const placeOf = ({ optime }: Member): bigint => optime?.ts.toBigInt() ?? 0n
const told = (all: Member[]): string =>
  all.map(each => `${each.name} ${each.stateStr} at ${placeOf(each) >> 32n}`).join(', ')

/** ms */
const patience = 60_000

/** `more`: settings of the script. */
export async function startMembers(
  folder: string,
  count: 1 | 3 = 3,
  more: Record<string, string> = {},
): Promise<Members> {
  if (!existsSync(script)) throw new Error(`${script} is not there: it starts and kills mongods`)
  const settings = {
    MONGO_CACHE_GB: '0.25',
    STOP_WITH: String(process.pid),
    // As docs/mongodb.md says: who copies from a silent member leaves it in seconds.
    MONGO_ARGS: '--setParameter oplogNetworkTimeoutBufferSeconds=1',
    ...more,
  }
  const run = async (...args: string[]): Promise<string> => {
    const env = { ...process.env, ...settings }
    const { stdout } = await promisify(execFile)('bash', [script, ...args], { env })
    return stdout.trim()
  }
  const start = () => run(count === 3 ? 'start3' : 'start', '0', folder)
  const url = await start()
  const hosts = /\/\/([^/]+)/.exec(url)?.[1]?.split(',') ?? []
  const said = () =>
    Promise.all(
      hosts.map(host =>
        statusAt(`mongodb://${host}/?directConnection=true`).then(
          all => `${host} says ${told(all)}`,
          (error: Error) => `${host} says nothing: ${error.message}`,
        ),
      ),
    )
  return {
    url,
    ports: hosts.map(host => Number(host.split(':')[1])),
    said,
    tell: async (what, member) => void (await run(what, folder, String(member))),
    async handOver() {
      const client = new MongoClient(url)
      await client.db('admin').command({ replSetStepDown: 5, secondaryCatchUpPeriodSecs: 4 })
      await client.close()
    },
    start: async () => void (await start()),
    async whole() {
      let least: bigint | undefined
      for (const end = performance.now() + patience; performance.now() < end; await wait(100)) {
        const all = await statusAt(url).catch(() => [])
        const primary = all.find(({ stateStr }) => stateStr === 'PRIMARY')
        const others = all.filter(({ stateStr }) => stateStr === 'SECONDARY')
        if (!primary || others.length !== count - 1) continue
        const reached = least ?? placeOf(primary)
        least = reached
        if (others.every(each => placeOf(each) >= reached)) return 1 + hosts.indexOf(primary.name)
      }
      throw new Error(`the set is not whole after ${patience} ms:\n${(await said()).join('\n')}`)
    },
    stop: async () => void (await run('stop', folder)),
  }
}

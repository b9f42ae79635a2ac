/** Clients that write through real servers on one database, while something goes wrong below it. */
import { setTimeout as wait } from 'node:timers/promises'
import { work } from '../crash/client.ts'
import { Ledger } from '../crash/ledger.ts'
import { ended, startWriting } from '../crash/server.ts'

export interface Writers {
  /** Versions that were acknowledged, and how often clients were told to come again. */
  counts(): { versions: number; delays: number }
  /**
   * ms until each client, about, has been acknowledged something that it sends from now on, and each server has answered
   * its share of them; what was seen where that takes longer than `most`.
   */
  goOn(most: number, look: () => Promise<string[]>): Promise<{ took: number; problems: string[] }>
  /** Stops all, after comparing what is there with what was acknowledged; as one line, and problems. */
  end(): Promise<{ what: string; problems: string[] }>
}

/** ms after which it is no use to wait. */
const patience = 120_000

interface Started {
  clients: number
  env: Record<string, string>
  /** A command that runs the servers. */
  before?: string[]
  /** How many processes. */
  servers?: number
}

export async function startWriters(started: Started): Promise<Writers> {
  const { clients, env, before = [], servers = 1 } = started
  const all = await Promise.all(Array.from({ length: servers }, () => startWriting(env, before)))
  const bases = all.map(({ base }) => base)
  const gone = Promise.all(all.map(({ server }) => ended(server)))
  const ledger = new Ledger(true)
  const stop = { now: false }
  const working = Array.from({ length: clients }, () => work(bases, ledger, stop))
  const delays = () => Object.values(ledger.delays).reduce((sum, each) => sum + each, 0)
  return {
    counts: () => ({ versions: ledger.counts().versions, delays: delays() }),
    async goOn(most, look) {
      const from = performance.now()
      const passed = () => performance.now() - from
      // What was on its way to the clients is not counted.
      await wait(500)
      const enough = ledger.counts().versions + clients
      const each = ledger.answersOf(bases).map(answers => answers + Math.ceil(clients / servers))
      const isEnough = () =>
        ledger.counts().versions >= enough &&
        ledger.answersOf(bases).every((answers, place) => answers >= (each[place] ?? 0))
      const problems: string[] = []
      for (; !isEnough() && passed() < patience; await wait(20))
        if (problems.length === 0 && passed() > most)
          problems.push(
            `nothing was written for ${most} ms`,
            ...(await look()),
            `the last refusal: ${ledger.delay}`,
            ...all.map(({ log }) => `the log: ${log()}`),
          )
      return { took: Math.round(passed()), problems }
    },
    async end() {
      stop.now = true
      await Promise.all(working)
      const { versions } = ledger.counts()
      const problems = await ledger.compare(bases)
      for (const { server } of all) server.kill('SIGTERM')
      await gone
      const told = Object.entries(ledger.delays).map(([status, n]) => `${n} times ${status}`)
      const what = `${versions} acknowledged versions, ${told.join(', ') || 'nothing refused'}`
      return { what, problems }
    },
  }
}

/**
 * Transactions that nobody will end: those of processes that were killed, and our own of which the database could not be
 * told. MongoDB keeps what they wrote from others until it ends them, after a minute and more, or their sessions are ended.
 */
import type { UUID } from 'mongodb'
import type { Connection } from './connection.ts'

export interface Abandoned {
  /** Ends them, unless that was tried a moment ago. */
  end(): Promise<void>
}

/** ms between two times. */
const rest = 1000

const maxTimeMS = 2000

/**
 * Connections, and transactions that wait for their next command. One's own are shown to every user, who may also end
 * them. https://www.mongodb.com/docs/manual/reference/operator/aggregation/currentOp/
 */
const all = { $currentOp: { allUsers: false, idleConnections: true, idleSessions: true } }
const ours = { $match: { appName: /^nidaan ./, type: { $in: ['op', 'idleSession'] } } }
const shown = { $project: { appName: 1, type: 1, 'lsid.id': 1 } }

interface Seen {
  appName: string
  type: 'op' | 'idleSession'
  lsid?: { id: UUID }
}

/** `held`: the ids of the sessions of this process that are at work. */
export function createAbandoned(
  { client, name, isSet }: Connection,
  held: ReadonlySet<string>,
): Abandoned {
  const admin = client.db('admin')
  let last = Number.NEGATIVE_INFINITY

  return {
    async end() {
      const now = performance.now()
      // Shards do not see whether a client is connected.
      if (!isSet || now - last < rest) return
      last = now
      const seen = await admin
        .aggregate<Seen>([all, ours, shown], {
          readConcern: { level: 'local' },
          promoteBuffers: false,
          maxTimeMS,
        })
        .toArray()
      const connected = new Set(seen.flatMap(each => (each.type === 'op' ? each.appName : [])))
      const killSessions = seen.flatMap(({ type, appName, lsid }) => {
        if (type === 'op' || !lsid) return []
        const isHeld = appName === name ? held.has(keyOf(lsid)) : connected.has(appName)
        return isHeld ? [] : [{ id: lsid.id }]
      })
      if (killSessions.length > 0) await admin.command({ killSessions, maxTimeMS })
    },
  }
}

export const keyOf = ({ id }: { id: { toString(as: 'hex'): string } }): string => id.toString('hex')
